// The page: drop files, watch them being scored, look at results.

import * as api from "/page/api.js";
import { element } from "/page/format.js";
import { JobList, Uploads } from "/page/queue.js";
import { showResult } from "/page/result.js";

const listView = document.getElementById("list-view"), resultView = document.getElementById("result-view");
const connection = document.getElementById("connection"), modelSelect = document.getElementById("model");
let allModels = [];
let openJob = null;

function tell(error) {
  if (error.status === 401) askForToken();
  else connection.textContent = error.message;
}

function askForToken() {
  document.getElementById("token-form").hidden = false;
  listView.hidden = resultView.hidden = true;
  document.getElementById("token").focus();
}

document.getElementById("token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await api.makeSession(document.getElementById("token").value);
    location.reload();
  } catch (error) {
    document.getElementById("token-problem").textContent = error.message;
  }
});

const jobs = new JobList(tell);
const uploads = new Uploads(() => modelSelect.value);

async function route() {
  const found = /^#job\/([0-9a-f]{32})$/.exec(location.hash);
  openJob = found ? found[1] : null;
  listView.hidden = openJob !== null;
  resultView.hidden = openJob === null;
  if (openJob === null) return resultView.replaceChildren();
  try {
    await showResult(resultView, openJob, allModels);
  } catch (error) {
    resultView.replaceChildren(element("p", {}, element("a", { href: "#" }, "← All results")),
      element("p", { class: "problem" }, error.message));
    if (error.status === 401) askForToken();
  }
}

const drop = document.getElementById("drop");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  uploads.add(event.dataTransfer.files);
});
const files = document.getElementById("files");
files.addEventListener("change", () => {
  uploads.add(files.files);
  files.value = "";
});

const dialog = document.getElementById("folder-dialog"), folderList = document.getElementById("folder-list");
async function openFolder(path) {
  const listing = await api.folders(path);
  document.getElementById("folder-path").textContent = listing.path ?? "";
  const entry = (text, call) => element("li", {}, element("button", { type: "button", onclick: () => call().catch(tell) }, text));
  const score = (file) => api.scorePath(file, modelSelect.value);
  const last = (name) => name.split("/").pop();
  folderList.replaceChildren(
    ...(listing.path ? [entry("← All folders", () => openFolder(null))] : []),
    ...listing.folders.map((folder) => entry(`${listing.path ? last(folder) : folder}/`, () => openFolder(folder))),
    ...listing.files.map((file) => entry(last(file), () => score(file))));
  const all = document.getElementById("folder-all");
  all.hidden = listing.files.length === 0;
  all.onclick = async () => {
    try {
      for (const file of listing.files) await score(file);
    } catch (error) {
      tell(error);
    }
    dialog.close();
  };
}
document.getElementById("open-folder").addEventListener("click", () => {
  openFolder(null).then(() => dialog.showModal()).catch(tell);
});
document.getElementById("folder-close").addEventListener("click", () => dialog.close());

addEventListener("hashchange", route);

async function start() {
  try {
    allModels = (await api.models()).models;
    modelSelect.replaceChildren(...allModels.map((model) => element("option", { value: model.name }, model.name)));
    document.getElementById("open-folder").hidden = (await api.folders(null)).folders.length === 0;
  } catch (error) {
    return tell(error);
  }
  await jobs.reload();
  api.listen({
    onJob: (job) => {
      jobs.update(job);
      if (job.id === openJob && job.state !== "running") route();
    },
    onReload: () => jobs.reload(),
    onLost: () => {
      connection.textContent = "The server does not answer. This page waits for it.";
    },
    onBack: () => {
      connection.textContent = "";
    },
  });
  return route();
}
start();
