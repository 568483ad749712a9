// The page of `seam serve` in a real browser, from end to end. tests/serve/page_test.sh runs it.
//
// node page_test.mjs SEAM CLIP TAMPERED [SCREENSHOTS]: the program, a real and a tampered clip, a folder for pictures.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [seam, clip, tampered, screenshots] = process.argv.slice(2);
const require = createRequire(process.env.SEAM_NODE_MODULES ? join(process.env.SEAM_NODE_MODULES, "x.js") : import.meta.url);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const folder = mkdtempSync(join(tmpdir(), "seam-page-"));
let server = null, port = 0;

async function startServer() {
  const child = spawn(seam, ["serve", "--port", String(port), "--state", join(folder, "state"), "--workers", "1"],
    { stdio: ["ignore", "ignore", "pipe"] });
  server = child;
  port = await new Promise((resolve, reject) => {
    let text = "";
    child.stderr.on("data", (data) => {
      text += data;
      const found = /open http:\/\/127\.0\.0\.1:(\d+)\//.exec(text);
      if (found) resolve(Number(found[1]));
    });
    child.on("exit", () => reject(new Error(`the server ended: ${text}`)));
  });
}

async function killServer(signal) {
  const child = server;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  child.removeAllListeners("exit");
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const page = await (await browser.newContext({ viewport: { width: 1200, height: 900 } })).newPage();
page.setDefaultTimeout(180000);
const problems = [];
page.on("pageerror", (error) => problems.push(error.message));
page.on("console", (message) => {
  if (message.type() === "error" && !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|Failed to load resource/.test(message.text())) problems.push(message.text());
});

async function audit(what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), [], `accessibility of ${what}`);
}

const shot = async (name) => screenshots && page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
const row = (name) => page.locator("#jobs tbody tr", { hasText: name });

const tests = {
  async "an empty page says so and passes the accessibility audit"() {
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByText("Nothing was scored yet.").waitFor();
    await audit("the empty page");
    await shot("empty");
  },
  async "an upload is scored and its verdict shown"() {
    await page.setInputFiles("#files", [tampered, clip]);
    await row("demo-tampered.mp4").locator(".verdict").waitFor();
    assert.equal(await row("demo-tampered.mp4").locator(".verdict").textContent(), "likely fake");
    await row("demo.mp4").locator(".verdict", { hasText: "likely real" }).waitFor();
    await audit("the list");
    await shot("list");
  },
  async "the result plays with boxes, and a click on the curve jumps the film"() {
    await row("demo-tampered.mp4").getByRole("link").click();
    await page.getByTestId("chart").waitFor();
    await page.locator(".faces canvas").first().waitFor();
    await page.waitForFunction(() => document.querySelector("video")?.readyState >= 2);
    const before = await page.evaluate(() => document.querySelector("video").currentTime);
    const box = await page.getByTestId("chart").boundingBox();
    await page.getByTestId("chart").click({ position: { x: box.width * 0.75, y: box.height / 2 } });
    await page.waitForFunction((time) => Math.abs(document.querySelector("video").currentTime - time) > 1, before);
    const time = await page.evaluate(() => document.querySelector("video").currentTime);
    assert.ok(time > 2 && time < 3.6, `jumped to ${time}`);
    // Something is drawn over the film.
    assert.ok(await page.evaluate(() => {
      const canvas = document.querySelector(".stage canvas");
      return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0);
    }));
    await page.locator(".faces button").first().click();
    await audit("the result");
    await shot("result");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 844 });
    await audit("the result, dark, on a phone");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
    await shot("phone");
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1200, height: 900 });
  },
  async "a reload and a killed server lose nothing"() {
    await page.goto(`http://127.0.0.1:${port}/#`);
    await page.setInputFiles("#files", [clip]);
    await page.waitForFunction(() => document.querySelectorAll("#jobs tbody tr").length === 3);
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll("#jobs tbody tr").length === 3);
    await killServer("SIGKILL");
    await page.getByText("The server does not answer.").waitFor();
    await startServer();
    await page.waitForFunction(() => document.querySelectorAll("#jobs .verdict").length === 3);
  },
  async "waiting files are cancelled, and deleted"() {
    await page.setInputFiles("#files", [clip, clip, clip]);
    await page.waitForFunction(() => document.querySelectorAll("#jobs tbody tr").length === 6);
    await page.locator("#jobs [data-action=cancel]").first().click();
    await page.locator("#jobs .state", { hasText: "cancelled" }).waitFor();
    const cancelled = page.locator("#jobs tr", { hasText: "cancelled" });
    await cancelled.getByRole("button").click();
    await page.waitForFunction(() => document.querySelectorAll("#jobs tbody tr").length === 5);
  },
  async "a file that is no video is told, and search finds files"() {
    writeFileSync(join(folder, "letter.mp4"), "Dear editor");
    await page.setInputFiles("#files", [join(folder, "letter.mp4")]);
    await row("letter.mp4").locator(".verdict", { hasText: "error" }).waitFor();
    await page.fill("#search", "letter");
    await page.getByText("1 file", { exact: true }).waitFor();
    await row("letter.mp4").getByRole("link").click();
    await page.getByText("is not a video or picture").first().waitFor();
  },
  async "the keyboard alone gets to a result"() {
    await page.goto(`http://127.0.0.1:${port}/`);
    await row("demo-tampered.mp4").waitFor();
    await row("demo-tampered.mp4").getByRole("link").focus();
    await page.keyboard.press("Enter");
    await page.getByTestId("chart").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "demo-tampered.mp4");
  },
};

let failed = 0;
try {
  await startServer();
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok: ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}\n${error.stack}`);
      await shot(`failed-${failed}`);
    }
  }
  for (const problem of problems) console.log(`FAILED: the browser says: ${problem}`);
  failed += problems.length;
} catch (error) {
  failed += 1;
  console.log(`FAILED: ${error.message}`);
} finally {
  await browser.close();
  await killServer("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);
