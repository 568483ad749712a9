// Calls of the server's API. A call that fails throws an Error with the server's words.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function problemOf(response) {
  try {
    const problem = await response.json();
    return problem.detail || problem.title || response.statusText;
  } catch {
    return response.statusText || `status ${response.status}`;
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, "The server does not answer.");
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response));
  return response.status === 204 ? null : response.json();
}

export const listJobs = (query) => call("GET", `/api/v1/jobs?${new URLSearchParams(query)}`);
export const showJob = (id) => call("GET", `/api/v1/jobs/${id}`);
export const resultOf = (id) => call("GET", `/api/v1/jobs/${id}/result`);
export const cancelJob = (id) => call("POST", `/api/v1/jobs/${id}/cancel`);
export const deleteJob = (id) => call("DELETE", `/api/v1/jobs/${id}`);
export const models = () => call("GET", "/api/v1/models");
export const folders = (path) => call("GET", path ? `/api/v1/folders?${new URLSearchParams({ path })}` : "/api/v1/folders");
export const scorePath = (path, model) => call("POST", "/api/v1/jobs", { path, model });
export const makeSession = (token) => call("POST", "/api/v1/session", { token });

// Sends a file; `progress(sent, total)` is called on the way. Returns {done: Promise of the job, cancel()}.
export function upload(file, model, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => progress(event.loaded, file.size));
    request.addEventListener("load", () => {
      if (request.status === 200 || request.status === 201) return resolve(JSON.parse(request.responseText));
      let message = request.statusText;
      try {
        message = JSON.parse(request.responseText).detail;
      } catch {
        // The status alone tells.
      }
      return reject(new ApiError(request.status, message));
    });
    request.addEventListener("error", () => reject(new ApiError(0, "The upload was broken off.")));
    request.addEventListener("abort", () => reject(new ApiError(0, "Cancelled.")));
    request.open("POST", `/api/v1/jobs?${new URLSearchParams({ name: file.name, model })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Idempotency-Key", crypto.randomUUID());
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

// Tells of jobs that change. `onLost` and `onBack` say how the connection stands.
export function listen({ onJob, onReload, onLost, onBack }) {
  let lost = false;
  const source = new EventSource("/api/v1/events");
  source.addEventListener("job", (event) => onJob(JSON.parse(event.data)));
  source.addEventListener("reload", onReload);
  source.addEventListener("open", () => {
    onBack();
    if (lost) onReload();
    lost = false;
  });
  source.addEventListener("error", () => {
    lost = true;
    onLost();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen({ onJob, onReload, onLost, onBack }), 3000);
  });
}
