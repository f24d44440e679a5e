// Brings the parts of the page together.

import { AlternativesPanel } from "./alternatives.js";
import { CompletionCard } from "./completion_card.js";
import { requestOf, showStopTexts, tieSliders } from "./sampling.js";
import { completionPieces, keepKey, keptKey, modelCard, workedExamples } from "./server.js";
import { shareInAddress } from "./share.js";
import { countOf } from "./wording.js";
import { WorkedExamples } from "./worked_examples.js";

const NARROW = "(max-width: 56rem)";
const SEEDS = 2 ** 32;

const find = (id) => document.getElementById(id);
const form = find("request");
const panel = new AlternativesPanel(find("alternatives"));
const examples = new WorkedExamples(find("examples"), find("worked"), (prompt) => {
  form.elements.prompt.value = prompt;
  changed();
  generate();
});
const followSliders = tieSliders(form);
let running = null; // the AbortController of the completions on their way

function changed() {
  form.dispatchEvent(new Event("input"));
}

function say(text) {
  find("status").textContent = text;
}

function complain(error) {
  find("error").textContent = error?.message ?? "";
  if (error?.status === 401) askForKey();
}

function askForKey() {
  find("key-line").hidden = false;
  find("key").focus();
}

async function generate() {
  if (running || !form.reportValidity()) return;
  complain(null);
  panel.hide();
  running = new AbortController();
  showRunning(true);
  const request = requestOf(form, examples.prefix);
  const cards = newCards(request.n);
  say("Generating …");
  try {
    for await (const piece of completionPieces(request, running.signal)) {
      for (const choice of piece.choices) cards[choice.index].add(choice);
    }
    say(summary(cards));
  } catch (error) {
    const stopped = running.signal.aborted;
    for (const card of cards) card.end(stopped ? "stopped by you" : "broken off");
    say(stopped ? "Stopped." : "");
    if (!stopped) complain(error);
    if (!stopped && cards.every((card) => !card.tokenCount)) showNothing();
  } finally {
    running = null;
    showRunning(false);
  }
}

function newCards(n) {
  const prompt = form.elements.prompt.value;
  const actions = { copy, proceed, halt };
  const cards = Array.from({ length: n }, (_, i) => new CompletionCard({ prompt, number: i + 1, of: n }, panel, actions));
  find("completions").classList.toggle("several", n > 1);
  find("completions").replaceChildren(...cards.map((card) => card.element));
  if (matchMedia(NARROW).matches) find("results").scrollIntoView();
  return cards;
}

function showNothing() {
  const empty = document.createElement("p");
  empty.className = "empty";
  empty.textContent = "Nothing yet.";
  find("completions").replaceChildren(empty);
}

function summary(cards) {
  const tokens = cards.reduce((sum, card) => sum + card.tokenCount, 0);
  const collapsed = cards.filter((card) => card.collapsed).length;
  const warned = collapsed ? ` ${cards.length > 1 ? `${collapsed} of them` : "It"} collapsed.` : "";
  return `${countOf(cards.length, "completion")}, ${countOf(tokens, "token")}.${warned}`;
}

function showRunning(isRunning) {
  find("generate").setAttribute("aria-disabled", isRunning);
  find("halt").setAttribute("aria-disabled", !isRunning);
}

function halt() {
  running?.abort();
}

async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    // Browsers allow it on secure origins only; what is selected can be copied by hand.
    getSelection().selectAllChildren(element);
    say("This browser lets no page copy here: it is selected, press Ctrl+C.");
  }
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    say("Copied: the link holds the prompt and all settings.");
  } catch {
    say("This browser lets no page copy here: the link stands in the address bar.");
  }
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
find("halt").addEventListener("click", halt);
find("again").addEventListener("click", () => {
  form.elements.seed.value = (form.elements.seed.valueAsNumber + 1) % SEEDS;
  changed();
  generate();
});
find("begin-again").addEventListener("click", () => {
  halt();
  form.reset();
  settle();
  changed();
  complain(null);
  showNothing();
  say("Everything is as it was at first.");
});
find("key").addEventListener("change", () => {
  keepKey(find("key").value);
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

/** Brings everything that depends on the form in line with it. */
function settle() {
  followSliders();
  showStopTexts(form);
  examples.show();
}

async function start() {
  find("sampling").open = !matchMedia(NARROW).matches;
  find("key").value = keptKey();
  find("key-line").hidden = !keptKey();
  await workedExamples().then((offered) => examples.offer(offered), complain);
  const address = shareInAddress(form, settle);
  find("share").addEventListener("click", () => {
    address.write();
    copyLink();
  });
  await greet();
}

start();
