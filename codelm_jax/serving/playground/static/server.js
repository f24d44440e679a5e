// What the page asks the server, and what it says in one line when the server does not answer as hoped.

import { eventData } from "./events.js";

const KEY_PLACE = "codelm.api_key";
const ASK_AGAIN_MS = 1000;

// The server's own, without the seconds to wait.
const ADVICE = /; try again.*$/s;
const TOO_LONG =
  "Prompt and completion do not fit in the context: ask for fewer tokens, shorten the prompt, or " +
  "choose what to do if it is too long.";

/** A refusal or a failure, told in one line; `status` is the HTTP status, 0 where there was no answer. */
export class ServerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Keeps the key for as long as this tab is open. */
export function keepKey(key) {
  if (key) sessionStorage.setItem(KEY_PLACE, key);
  else sessionStorage.removeItem(KEY_PLACE);
}

/** The key that was given in this tab, or "". */
export function keptKey() {
  return sessionStorage.getItem(KEY_PLACE) ?? "";
}

/**
 * Asks how far the server's start is until it is ready.
 * @param {(line: string) => void} tell takes each answer in words
 * @returns {Promise<boolean>} whether there was anything to wait for
 */
export async function serverReady(tell) {
  for (let waited = false; ; waited = true) {
    // 503 while it loads, so `ask` would refuse.
    const health = await fetch("health").then((response) => response.json(), () => null);
    if (health?.status !== "loading") return waited;
    tell(`The server is compiling ${Math.min(health.compiled + 1, health.programs)} of ${health.programs} …`);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

/** The model that the server serves: `{id, context_length}`. */
export async function modelCard() {
  const { data } = await (await ask("v1/models")).json();
  return data[0];
}

/** The worked examples that may stand before a prompt: `[{name, prefix, prompts}]`. */
export async function workedExamples() {
  return (await (await ask("playground/examples.json")).json()).examples;
}

/**
 * The pieces of a completion as they come.
 * @param {object} request the body of /v1/completions
 * @param {AbortSignal} signal ends it
 * @returns {AsyncGenerator<object>} the server's objects
 */
export async function* completionPieces(request, signal) {
  const response = await ask("v1/completions", {
    method: "POST",
    body: JSON.stringify({ ...request, stream: true }),
    headers: { "Content-Type": "application/json" },
    signal,
  });
  try {
    for await (const data of eventData(response.body)) {
      if (data === "[DONE]") return;
      const piece = JSON.parse(data);
      if (piece.error) throw new ServerError(sentence(piece.error.message), 0);
      yield piece;
    }
  } catch (error) {
    if (signal.aborted || error instanceof ServerError) throw error;
    throw new ServerError("The connection was lost: the completion has no end.", 0);
  }
  throw new ServerError("The connection was lost: the completion has no end.", 0);
}

async function ask(path, options = {}) {
  const key = keptKey();
  const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
  let response;
  try {
    response = await fetch(path, { ...options, headers, credentials: "same-origin", redirect: "error" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ServerError("The server cannot be reached: is it still running?", 0);
  }
  if (!response.ok) throw new ServerError(await refusal(response), response.status);
  return response;
}

async function refusal(response) {
  const { message, code } = await response.json().then((body) => body?.error ?? {}, () => ({}));
  const said = typeof message === "string" ? message.trim() : "";
  const wait = response.headers.get("Retry-After");
  switch (response.status) {
    case 401:
      return keptKey() ? "The server does not take this API key." : "The server wants an API key.";
    case 429:
    case 503: {
      const when = wait ? `in ${wait} s` : "later";
      return `${sentence(said.replace(ADVICE, "") || "The server is busy")} Try again ${when}.`;
    }
    default:
      if (code === "context_length_exceeded") return TOO_LONG;
      return sentence(said || `The server answered ${response.status}`);
  }
}

function sentence(text) {
  const line = text.replace(/\s+/g, " ").trim();
  const whole = line[0].toUpperCase() + line.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
