// The film with boxes and scores drawn over it.

import { colourOf, momentsOf } from "/page/chart.js";
import { element, scoreText } from "/page/format.js";

// Between scored moments that lie no further apart than this, a box is drawn where it moved to meanwhile.
const MOST_SECONDS_APART = 1.5;

function boxAt(moments, time) {
  let low = 0, high = moments.length - 1;
  if (high < 0) return null;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (moments[middle].time <= time) low = middle;
    else high = middle - 1;
  }
  const before = moments[low], after = moments[Math.min(low + 1, moments.length - 1)];
  const gap = after.time - before.time;
  if (time < before.time - 0.25 || (time > after.time && time - after.time > 0.25)) return null;
  if (gap <= 0 || time <= before.time) return before;
  if (gap > MOST_SECONDS_APART) return time - before.time < 0.25 ? before : null;
  const share = Math.min(1, (time - before.time) / gap);
  return { score: share < 0.5 ? before.score : after.score, box: before.box.map((v, i) => v + share * (after.box[i] - v)) };
}

export class Player {
  // `onTime(seconds)` is called for each picture shown.
  constructor(media, isPicture, tracks, onTime) {
    this.tracks = tracks.map((track) => ({ number: track.track, moments: momentsOf(track), score: track.score }));
    this.onTime = onTime;
    this.isPicture = isPicture;
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.view = isPicture
      ? element("img", { src: media, alt: "The picture that was looked at" })
      : element("video", { src: media, controls: true, preload: "auto", playsinline: true, muted: true });
    this.stage = element("div", { class: "stage" }, this.view, this.canvas);
    const draw = () => this.draw();
    for (const event of ["load", "loadeddata", "seeked", "timeupdate"]) this.view.addEventListener(event, draw);
    new ResizeObserver(draw).observe(this.stage);
    this.view.addEventListener("play", () => this.follow());
    this.ready = new Promise((resolve) => {
      this.view.addEventListener(isPicture ? "load" : "loadeddata", () => resolve(true), { once: true });
      this.view.addEventListener("error", () => resolve(false), { once: true });
    });
  }

  get time() {
    return this.isPicture ? (this.tracks[0]?.moments[0]?.time ?? 0) : this.view.currentTime;
  }

  seek(seconds) {
    if (this.isPicture) return;
    this.view.pause();
    this.view.currentTime = seconds + 0.001;
  }

  follow() {
    const step = () => {
      this.draw();
      if (this.view.paused || this.view.ended || !this.view.isConnected) return;
      if (this.view.requestVideoFrameCallback) this.view.requestVideoFrameCallback(step);
      else requestAnimationFrame(step);
    };
    step();
  }

  draw() {
    const width = this.view.videoWidth || this.view.naturalWidth, height = this.view.videoHeight || this.view.naturalHeight;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    const shown = this.stage.clientWidth;
    const wide = Math.round(shown * scale), high = Math.round(this.stage.clientHeight * scale);
    if (this.canvas.width !== wide || this.canvas.height !== high) [this.canvas.width, this.canvas.height] = [wide, high];
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.setTransform(wide / width, 0, 0, high / height, 0, 0);
    const thin = width / shown;
    for (const track of this.tracks) {
      const found = boxAt(track.moments, this.time);
      if (!found) continue;
      const [x, y, w, h] = found.box;
      context.lineWidth = 5 * thin;
      context.strokeStyle = "#000";
      context.strokeRect(x, y, w, h);
      context.lineWidth = 3 * thin;
      context.strokeStyle = colourOf(track.number);
      context.strokeRect(x, y, w, h);
      const text = `person ${track.number + 1}: ${scoreText(found.score)}`;
      context.font = `600 ${14 * thin}px system-ui, sans-serif`;
      const long = context.measureText(text).width + 10 * thin;
      const top = y > 24 * thin ? y - 22 * thin : y + h;
      context.fillStyle = "rgb(0 0 0 / .75)";
      context.fillRect(x, top, long, 20 * thin);
      context.fillStyle = "#fff";
      context.fillText(text, x + 5 * thin, top + 15 * thin);
    }
    this.onTime(this.time);
  }
}
