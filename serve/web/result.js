// The page of one result.

import * as api from "/page/api.js";
import { Chart, colourOf, momentsOf } from "/page/chart.js";
import { bytesText, clockText, element, percent, scoreText, verdictText } from "/page/format.js";
import { Player } from "/page/player.js";

const MOST_FACES = 8;

function reasons(result, model) {
  const lines = [];
  const score = scoreText(result.score), threshold = scoreText(result.threshold);
  if (result.verdict === "fake") lines.push(`The score ${score} is at or above the threshold ${threshold}: likely fake.`);
  if (result.verdict === "real") lines.push(`The score ${score} is below the threshold ${threshold}: nothing suspicious was found in the faces that were looked at.`);
  if (result.verdict === "uncertain") lines.push(`The score is ${score}, the threshold ${threshold}: too close to tell.`);
  if (result.verdict === "no_face") lines.push("No face was found, so there is no score.");
  if (result.reason) lines.push(result.reason);
  for (const caution of result.cautions ?? []) lines.push(typeof caution === "string" ? caution : (caution.words ?? ""));
  if (result.note) lines.push(result.note);
  const counting = (result.tracks ?? []).filter((track) => track.counts);
  if (counting.length > 1) lines.push(`${counting.length} people were seen; the score is that of the most suspicious one.`);
  if (model?.calibrated_on) {
    const error = model.metrics?.val_eer_video;
    const words = `The model was calibrated on ${model.calibrated_on.real} real and ${model.calibrated_on.fake} fake files`;
    lines.push(typeof error === "number" ? `${words}, and was wrong in about ${percent(error)} of them. On other material it errs more often.` : `${words}.`);
  }
  return lines.filter(Boolean);
}

function facts(job, result, model) {
  const list = [
    ["File", job.name], ["Size", bytesText(job.size)], ["SHA-256", job.sha256 ?? ""],
    ["Frames looked at", `${result.frames}, with ${result.faces} faces`],
    ["People", String((result.tracks ?? []).length)],
    ["Length", result.seconds === null || result.seconds === undefined ? "" : `${result.seconds} s`],
    ["Status", result.status],
    ["Model", model ? `${model.name} (${model.network}, SHA-256 ${model.sha256})` : job.model],
    ["A person's score", `the ${result.aggregate ?? "mean"} of their frames`],
  ];
  if (typeof result.probability === "number") list.push(["Calibrated probability", scoreText(result.probability)]);
  if (model?.notice) list.push(["Notice", model.notice]);
  return element("dl", {}, list.filter(([, text]) => text !== "").flatMap(([name, text]) => [
    element("dt", {}, name), element("dd", { class: name === "SHA-256" ? "mono" : undefined }, text)]));
}

// The faces with the highest scores, cut out of the film by a second, hidden player.
async function showFaces(list, media, isPicture, tracks, seek) {
  const moments = tracks.filter((track) => track.counts)
    .flatMap((track) => momentsOf(track).map((moment) => ({ ...moment, track: track.track })))
    .sort((a, b) => b.score - a.score);
  const chosen = [];
  for (const moment of moments) {
    if (chosen.length === MOST_FACES) break;
    if (chosen.every((other) => other.track !== moment.track || Math.abs(other.time - moment.time) > 0.4)) chosen.push(moment);
  }
  const source = isPicture ? new Image() : document.createElement("video");
  source.muted = true;
  source.preload = "auto";
  source.src = media;
  await new Promise((resolve, reject) => {
    source.addEventListener(isPicture ? "load" : "loadeddata", resolve, { once: true });
    source.addEventListener("error", reject, { once: true });
  });
  for (const moment of chosen) {
    if (!isPicture) {
      source.currentTime = moment.time + 0.001;
      await new Promise((resolve) => source.addEventListener("seeked", resolve, { once: true }));
    }
    const [x, y, w, h] = moment.box;
    const side = 1.2 * Math.max(w, h), cx = x + w / 2, cy = y + h / 2;
    const canvas = element("canvas", { width: 224, height: 224, "aria-hidden": "true" });
    canvas.getContext("2d").drawImage(source, cx - side / 2, cy - side / 2, side, side, 0, 0, 224, 224);
    list.append(element("li", {}, element("button", { type: "button", onclick: () => seek(moment.time) }, canvas,
      element("span", {}, `person ${moment.track + 1}, ${clockText(moment.time)}: ${scoreText(moment.score)}`))));
  }
}

export async function showResult(view, id, allModels) {
  view.replaceChildren(element("p", {}, "Loading ..."));
  const job = await api.showJob(id);
  const back = element("p", {}, element("a", { href: "#" }, "← All results"));
  const title = element("h2", { tabindex: "-1" }, job.name);
  if (job.state !== "done") {
    const text = job.state === "failed" ? job.problem : `This file is ${job.state}.`;
    view.replaceChildren(back, title, element("p", { class: job.state === "failed" ? "problem" : undefined }, text));
    title.focus();
    return job;
  }
  const result = await api.resultOf(id);
  const model = allModels.find((each) => each.name === job.model);
  const tracks = (result.tracks ?? []).filter((track) => momentsOf(track).length > 0);
  const badge = element("p", {}, element("span", { class: `verdict ${result.verdict}` }, verdictText(result.verdict)), " ",
    element("strong", {}, typeof result.score === "number" ? `score ${scoreText(result.score)}` : ""));
  const links = element("p", { class: "row" },
    element("a", { href: job.links.csv, download: `${job.name}.csv` }, "CSV"),
    element("a", { href: job.links.result, download: `${job.name}.json` }, "JSON"),
    element("a", { href: job.links.report, download: `${job.name}.html` }, "Report (one HTML file)"));
  if (job.uploaded === false || allModels.length > 1) {
    const other = element("select", { "aria-label": "Compare with" }, allModels.filter((each) => each.name !== job.model)
      .map((each) => element("option", { value: each.name }, each.name)));
    if (allModels.length > 1) links.append(other);
  }
  const parts = [back, title, badge,
    element("h3", {}, "Why"), element("ul", {}, reasons(result, model).map((line) => element("li", {}, line)))];
  view.replaceChildren(...parts);
  if (tracks.length > 0) {
    const times = tracks.flatMap((track) => momentsOf(track).map((moment) => moment.time));
    const isPicture = result.frames === 1 && !(result.seconds > 0.2);
    let chart = null;
    const player = new Player(job.links.media, isPicture, tracks, (time) => chart?.drawTime(time));
    const seek = (time) => player.seek(time);
    view.append(player.stage);
    player.ready.then((plays) => {
      if (!plays) {
        player.stage.replaceWith(element("p", { class: "note" },
          "This browser cannot play the file. The report has its most suspicious faces as pictures."));
      }
    });
    if (!isPicture) {
      const canvas = element("canvas", { class: "chart", role: "img", "data-testid": "chart",
        "aria-label": `Scores over time. ${tracks.map((t) => `Person ${t.track + 1}: ${scoreText(t.score) || "does not count"}`).join(". ")}.` });
      view.append(element("h3", {}, "Scores over time"),
        element("p", { class: "dim" }, "A click jumps there. The dashed line is the threshold; scores in the shaded band are uncertain."), canvas);
      chart = new Chart(canvas, tracks, { threshold: result.threshold, band: model?.band, start: Math.min(0, ...times),
        end: Math.max(...times, result.seconds ?? 0) }, seek);
    }
    view.append(element("ul", { class: "people" }, tracks.map((track) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = colourOf(track.track);
      const text = track.counts ? `score ${scoreText(track.score)}` : "seen too rarely to count";
      const moments = momentsOf(track);
      const peak = moments.reduce((a, b) => (b.score > a.score ? b : a));
      return element("li", {}, swatch, `Person ${track.track + 1}: ${text} `, isPicture ? null :
        element("button", { type: "button", onclick: () => seek(peak.time) }, `highest at ${clockText(peak.time)}`));
    })));
    const faces = element("ul", { class: "faces" });
    view.append(element("h3", {}, "Most suspicious faces"), faces);
    showFaces(faces, job.links.media, isPicture, tracks, seek).catch(() => faces.replaceChildren());
  }
  view.append(element("h3", {}, "What was looked at"), facts(job, result, model), element("h3", {}, "Download"), links);
  title.focus();
  return job;
}
