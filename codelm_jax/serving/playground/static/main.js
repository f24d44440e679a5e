// Brings the parts of the page together.

import { AlternativesPanel } from "./alternatives.js";
import { copied, select } from "./clipboard.js";
import { Completions } from "./completions.js";
import { requestOf, showStopTexts, tieSliders } from "./sampling.js";
import { completionPieces, keepKey, keptKey, modelCard, serverReady, workedExamples } from "./server.js";
import { shareInAddress } from "./share.js";
import { countOf } from "./wording.js";
import { WorkedExamples } from "./worked_examples.js";

const NARROW = matchMedia("(max-width: 56rem)");
const SEEDS = 2 ** 32;
const BEGIN_AGAIN = "begin again";
const GENERATING = "Generating …";

const find = (id) => document.getElementById(id);
const form = find("request");
const panel = new AlternativesPanel(find("alternatives"));
const completions = new Completions(find("completions"));
const examples = new WorkedExamples(find("examples"), find("worked"), (prompt) => {
  form.elements.prompt.value = prompt;
  changed();
  generate();
});
const followSliders = tieSliders(form);
let running = null; // the AbortController of the completions on their way
const started = start();

async function start() {
  find("sampling").open = !NARROW.matches;
  find("key").value = keptKey();
  find("key-line").hidden = !keptKey();
  greet();
  serverReady(say).then((waited) => waited && say(running ? GENERATING : "The server is ready."));
  await workedExamples().then((offered) => examples.offer(offered), complain);
  const address = shareInAddress(form, settle);
  find("share").addEventListener("click", () => {
    if (address.write()) copyLink();
    else say("The prompt is too long for a link.");
  });
}

/** Says which model answers; a server that wants a key says so here. */
async function greet() {
  try {
    const { id, context_length: context } = await modelCard();
    find("model").textContent = id;
    document.title = `Playground: ${id}`;
    find("context").textContent = `Prompt and completion together: at most ${countOf(context, "token")}.`;
  } catch (error) {
    complain(error);
  }
}

async function generate() {
  // What a link asks for must have arrived.
  await started;
  if (running || !form.reportValidity()) return;
  const own = new AbortController();
  running = own;
  complain(null);
  panel.hide();
  showRunning(true);
  const request = requestOf(form, examples.prefix);
  completions.begin(form.elements.prompt.value, request.n, panel, { copy, proceed, halt });
  if (NARROW.matches) find("results").scrollIntoView();
  say(GENERATING);
  try {
    for await (const piece of completionPieces(request, own.signal)) completions.add(piece);
    completions.end("broken off");
    say(completions.summary);
  } catch (error) {
    if (own.signal.aborted) {
      completions.end("stopped by you");
      if (own.signal.reason !== BEGIN_AGAIN) say("Stopped.");
    } else {
      completions.end("broken off");
      if (completions.isEmpty) completions.clear();
      say("");
      complain(error);
    }
  } finally {
    running = null;
    showRunning(false);
  }
}

function halt() {
  running?.abort();
}

function showRunning(isRunning) {
  find("generate").setAttribute("aria-disabled", isRunning);
  find("halt").setAttribute("aria-disabled", !isRunning);
}

function say(text) {
  find("status").textContent = text;
}

function complain(error) {
  find("error").textContent = error?.message ?? "";
  if (error?.status === 401) {
    find("key-line").hidden = false;
    find("key").focus();
  }
}

/** Brings everything that depends on the form in line with it. */
function settle() {
  followSliders();
  showStopTexts(form);
  examples.show();
}

/** Tells everything that depends on the form of a change that no hand made. */
function changed() {
  form.dispatchEvent(new Event("input"));
}

async function copy(text, element) {
  if (await copied(text)) {
    say("Copied.");
  } else {
    select(element);
    say("This browser lets no page copy here: it is selected, press Ctrl+C.");
  }
}

async function copyLink() {
  const done = await copied(location.href);
  say(
    done
      ? "Copied: the link holds the prompt and all settings."
      : "This browser lets no page copy here: the link stands in the address bar.",
  );
}

function proceed(text) {
  form.elements.prompt.value = text;
  changed();
  form.elements.prompt.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  generate();
});
form.addEventListener("input", () => showStopTexts(form));
// A browser points at what is wrong only where it is in sight.
form.addEventListener("invalid", () => (find("sampling").open = true), { capture: true });
find("halt").addEventListener("click", halt);
find("again").addEventListener("click", () => {
  form.elements.seed.value = (form.elements.seed.valueAsNumber + 1) % SEEDS;
  changed();
  generate();
});
find("begin-again").addEventListener("click", () => {
  running?.abort(BEGIN_AGAIN);
  form.reset();
  settle();
  changed();
  complain(null);
  completions.clear();
  say("Everything is as it was at first.");
});
find("key").addEventListener("input", ({ target }) => target.validity.valid && keepKey(target.value));
find("key").addEventListener("change", () => {
  complain(null);
  greet();
});
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    generate();
  } else if (event.key === "Escape") {
    if (running) halt();
    else panel.hide();
  }
});
addEventListener("pointerdown", (event) => {
  if (panel.shown && !panel.holds(event.target) && !event.target.closest(".tokens")) panel.hide();
});
