// The list of jobs and the uploads on their way.

import * as api from "/page/api.js";
import { element, scoreText, timeText, verdictText } from "/page/format.js";

const PAGE = 100;
const UPLOADS_AT_ONCE = 2;

export class JobList {
  constructor(onProblem) {
    this.table = document.getElementById("jobs");
    this.body = this.table.tBodies[0];
    this.told = document.getElementById("told");
    this.more = document.getElementById("more");
    this.search = document.getElementById("search");
    this.verdict = document.getElementById("verdict");
    this.sort = document.getElementById("sort");
    this.jobs = new Map();
    this.shown = PAGE;
    this.onProblem = onProblem;
    let timer = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.reload(), 200);
    });
    for (const control of [this.verdict, this.sort]) control.addEventListener("change", () => this.reload());
    this.more.addEventListener("click", () => {
      this.shown += PAGE;
      this.reload();
    });
    setInterval(() => this.tick(), 1000);
  }

  get plain() {
    return this.search.value === "" && this.verdict.value === "" && this.sort.value === "-created";
  }

  async reload() {
    try {
      const query = { limit: this.shown, sort: this.sort.value, search: this.search.value, verdict: this.verdict.value };
      const { jobs, total } = await api.listJobs(query);
      this.total = total;
      this.jobs = new Map(jobs.map((job) => [job.id, job]));
      this.body.replaceChildren(...jobs.map((job) => this.rowOf(job)));
      this.tell();
    } catch (error) {
      this.onProblem(error);
    }
  }

  tell() {
    const count = this.jobs.size;
    this.table.hidden = count === 0;
    this.more.hidden = count >= this.total;
    if (this.total === 0) this.told.textContent = this.plain ? "Nothing was scored yet." : "Nothing fits.";
    else this.told.textContent = count < this.total ? `${count} of ${this.total} files` : `${count} ${count === 1 ? "file" : "files"}`;
  }

  // A job changed, came or went.
  update(job) {
    const row = document.getElementById(`job-${job.id}`);
    if (job.deleted) {
      if (this.jobs.delete(job.id)) this.total -= 1;
      row?.remove();
      return this.tell();
    }
    if (row) {
      this.jobs.set(job.id, job);
      const held = row.contains(document.activeElement) ? document.activeElement.dataset.action : null;
      const made = this.rowOf(job);
      row.replaceWith(made);
      if (held) (made.querySelector(`[data-action=${held}]`) ?? made.querySelector("a, button"))?.focus();
    } else if (this.plain) {
      this.jobs.set(job.id, job);
      this.total = (this.total ?? 0) + 1;
      this.body.prepend(this.rowOf(job));
    }
    return this.tell();
  }

  tick() {
    for (const job of this.jobs.values()) {
      if (job.state !== "queued" && job.state !== "running") continue;
      if (typeof job.seconds_left === "number") job.seconds_left = Math.max(0, job.seconds_left - 1);
      const cell = document.querySelector(`#job-${job.id} .state`);
      if (cell) cell.replaceChildren(...this.stateOf(job));
    }
  }

  stateOf(job) {
    const left = typeof job.seconds_left === "number" ? `, about ${timeText(job.seconds_left)} left` : "";
    if (job.state === "queued") return [`waiting, ${job.position} before it${left}`];
    if (job.state === "running") {
      const text = `being scored${left}`;
      return [element("progress", { "aria-label": `${job.name}: being scored` }), " ", text];
    }
    if (job.state === "failed") return [element("span", { class: "problem" }, `failed: ${job.problem}`)];
    return [job.state];
  }

  rowOf(job) {
    const open = job.state === "done" || job.state === "failed";
    const active = job.state === "queued" || job.state === "running";
    const name = open ? element("a", { href: `#job/${job.id}`, "data-action": "open" }, job.name) : job.name;
    const act = (action, text, call) => element("button", {
      type: "button", "data-action": action, "aria-label": `${text} ${job.name}`,
      onclick: () => call(job.id).catch(this.onProblem),
    }, text);
    return element("tr", { id: `job-${job.id}` },
      element("td", { class: "file" }, name),
      element("td", {}, job.verdict ? element("span", { class: `verdict ${job.verdict}` }, verdictText(job.verdict)) : ""),
      element("td", { class: "n", "data-label": "Score" }, scoreText(job.score)),
      element("td", { class: "state", "data-label": "State" }, this.stateOf(job)),
      element("td", { "data-label": "Model" }, job.model),
      element("td", {}, active ? act("cancel", "Cancel", api.cancelJob) : act("delete", "Delete", api.deleteJob)));
  }
}

export class Uploads {
  constructor(chosenModel) {
    this.list = document.getElementById("uploads");
    this.chosenModel = chosenModel;
    this.waiting = [];
    this.active = 0;
    addEventListener("beforeunload", (event) => {
      if (this.active + this.waiting.length > 0) event.preventDefault();
    });
  }

  add(files) {
    for (const file of files) {
      const bar = element("progress", { max: Math.max(1, file.size), value: 0, "aria-label": `Upload of ${file.name}` });
      const told = element("span", { role: "status" }, "waiting");
      const item = { file, bar, told, model: this.chosenModel() };
      item.cancel = () => {
        this.waiting = this.waiting.filter((other) => other !== item);
        item.row.remove();
      };
      item.row = element("li", {}, element("span", { class: "name" }, file.name), bar, told,
        element("button", { type: "button", "aria-label": `Cancel the upload of ${file.name}`, onclick: () => item.cancel() }, "Cancel"));
      this.list.append(item.row);
      this.waiting.push(item);
    }
    this.pump();
  }

  pump() {
    while (this.active < UPLOADS_AT_ONCE && this.waiting.length > 0) this.send(this.waiting.shift());
  }

  async send(item) {
    this.active += 1;
    const { done, cancel } = api.upload(item.file, item.model, (sent, total) => {
      item.bar.value = sent;
      item.told.textContent = `${Math.round((100 * sent) / Math.max(1, total))} %`;
    });
    item.cancel = cancel;
    try {
      await done;
      item.row.remove();
    } catch (error) {
      item.bar.remove();
      item.told.className = "problem";
      item.told.textContent = error.message;
      item.row.querySelector("button").replaceWith(element("button", { type: "button",
        "aria-label": `Forget ${item.file.name}`, onclick: () => item.row.remove() }, "OK"));
    }
    this.active -= 1;
    this.pump();
  }
}
