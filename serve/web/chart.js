// The scores over time: a curve for each person, the threshold, the band of uncertain scores, and where the film is.

export const COLOURS = ["#1f77b4", "#d9760a", "#2a8f4f", "#b5379e", "#7a5bd0", "#a0522d", "#138b93", "#6b6b00"];

export function colourOf(track) {
  return COLOURS[track % COLOURS.length];
}

// The scored moments of a person: {time, score, box} in order of time. A window stands at the middle of its frames.
export function momentsOf(track) {
  if (track.windows) {
    return track.windows.map((window) => {
      const middle = window.frames[Math.floor(window.frames.length / 2)];
      return { time: middle.pts_seconds, score: window.score, box: middle.box };
    });
  }
  return (track.frames ?? []).map((frame) => ({ time: frame.pts_seconds, score: frame.score, box: frame.box }));
}

export class Chart {
  // `onSeek(seconds)` is called for a click on a moment.
  constructor(canvas, tracks, { threshold, band, start, end }, onSeek) {
    this.canvas = canvas;
    this.lines = tracks.map((track) => ({ colour: colourOf(track.track), moments: momentsOf(track) }));
    this.threshold = threshold;
    this.band = band;
    this.start = start;
    this.end = end > start ? end : start + 1;
    this.now = start;
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      const time = this.timeAt(event.clientX - box.left, box.width);
      onSeek(this.nearest(time));
    });
    new ResizeObserver(() => this.drawGround()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawGround());
    this.drawGround();
  }

  timeAt(x, width) {
    const left = 44, right = 12;
    const share = Math.min(1, Math.max(0, (x - left) / (width - left - right)));
    return this.start + share * (this.end - this.start);
  }

  // The scored moment nearest to a time.
  nearest(time) {
    let best = time, distance = Infinity;
    for (const { moments } of this.lines) {
      for (const moment of moments) {
        const away = Math.abs(moment.time - time);
        if (away < distance) [best, distance] = [moment.time, away];
      }
    }
    return best;
  }

  // The parts that do not move are drawn once; a film at play only adds its line.
  drawGround() {
    const scale = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0) return;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const style = getComputedStyle(this.canvas);
    const ink = style.getPropertyValue("--ink"), dim = style.getPropertyValue("--dim"), line = style.getPropertyValue("--line");
    const context = this.canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.x = (time) => 44 + ((time - this.start) / (this.end - this.start)) * (width - 56);
    this.y = (score) => 8 + (1 - score) * (height - 36);
    if (this.band) {
      context.fillStyle = style.getPropertyValue("--unsure-soft");
      context.fillRect(44, this.y(this.band[1]), width - 56, this.y(this.band[0]) - this.y(this.band[1]));
    }
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = dim;
    context.strokeStyle = line;
    context.textAlign = "right";
    for (const score of [0, 0.5, 1]) {
      context.fillText(score.toString(), 38, this.y(score) + 4);
      this.stroke(context, 44, this.y(score), width - 12, this.y(score));
    }
    context.textAlign = "center";
    const step = [0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600].find((s) => (this.end - this.start) / s <= 8) ?? 7200;
    for (let time = Math.ceil(this.start / step) * step; time <= this.end; time += step) {
      context.fillText(`${+time.toFixed(1)} s`, this.x(time), height - 8);
    }
    context.strokeStyle = ink;
    context.setLineDash([5, 4]);
    this.stroke(context, 44, this.y(this.threshold), width - 12, this.y(this.threshold));
    context.setLineDash([]);
    for (const { colour, moments } of this.lines) {
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = 2;
      context.beginPath();
      moments.forEach((moment, i) => context[i ? "lineTo" : "moveTo"](this.x(moment.time), this.y(moment.score)));
      context.stroke();
      if (moments.length <= 200) {
        for (const moment of moments) {
          context.beginPath();
          context.arc(this.x(moment.time), this.y(moment.score), 3, 0, 7);
          context.fill();
        }
      }
      context.lineWidth = 1;
    }
    this.ground = document.createElement("canvas");
    this.ground.width = this.canvas.width;
    this.ground.height = this.canvas.height;
    this.ground.getContext("2d").drawImage(this.canvas, 0, 0);
    this.ink = ink;
    this.drawTime(this.now);
  }

  stroke(context, x0, y0, x1, y1) {
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  }

  drawTime(now) {
    this.now = now;
    if (!this.ground) return;
    const context = this.canvas.getContext("2d");
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.ground, 0, 0);
    context.restore();
    context.strokeStyle = this.ink;
    const x = this.x(Math.min(this.end, Math.max(this.start, now)));
    this.stroke(context, x, 4, x, this.canvas.clientHeight - 26);
  }
}
