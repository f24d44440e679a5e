// The request that the form describes.

const ALTERNATIVES = 5;
const OWN_TEXTS = "texts";
const ESCAPES = { n: "\n", t: "\t", r: "\r", "\\": "\\" };

/**
 * The body of /v1/completions.
 * @param {HTMLFormElement} form
 * @param {string} prefix worked examples that go before the prompt
 */
export function requestOf(form, prefix) {
  const number = (name) => form.elements[name].valueAsNumber;
  return {
    prompt: prefix + form.elements.prompt.value,
    temperature: number("temperature"),
    top_k: number("top_k"),
    top_p: number("top_p"),
    min_p: number("min_p"),
    repetition_penalty: number("repetition_penalty"),
    max_tokens: number("max_tokens"),
    seed: number("seed"),
    n: number("n"),
    overflow: form.elements.overflow.value,
    heal: form.elements.heal.checked,
    ...stopOf(form),
    logprobs: ALTERNATIVES,
    collapse: true,
  };
}

/** Shows the place for stop texts where they are what was chosen. */
export function showStopTexts(form) {
  form.querySelector("#stop-texts").hidden = form.elements.stop_rule.value !== OWN_TEXTS;
}

function stopOf(form) {
  const rule = form.elements.stop_rule.value;
  if (rule !== OWN_TEXTS) return rule ? { stop_rule: rule } : {};
  return { stop: stopTexts(form.elements.stop.value) };
}

/** One text a line; `\n`, `\t`, `\r` and `\\` stand for what a line cannot hold. */
export function stopTexts(lines) {
  return lines
    .split("\n")
    .filter((line) => line)
    .map((line) => line.replace(/\\([ntr\\])/g, (_, letter) => ESCAPES[letter]));
}

/** Ties each slider to the number it stands for. */
export function tieSliders(form) {
  const pairs = [...form.querySelectorAll("input[type=range]")].map((slider) => [
    slider,
    form.elements[slider.dataset.for],
  ]);
  const follow = () => {
    for (const [slider, number] of pairs) slider.value = number.value;
  };
  for (const [slider, number] of pairs) {
    slider.addEventListener("input", () => {
      number.value = slider.value;
      number.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  form.addEventListener("input", follow);
  follow();
  return follow;
}
