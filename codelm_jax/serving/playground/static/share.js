// The state of the page in the address: what differs from the defaults stands behind the #, which no server sees.

const WAIT_MS = 300;
// Programs that pass links on cut longer ones, and browsers refuse some megabytes.
const MOST_CHARACTERS = 30_000;

/**
 * Puts the form's state into the address as it changes, and takes it from there.
 * @param {HTMLFormElement} form every named field is part of the state
 * @param {() => void} taken called after a state was taken over from the address
 * @returns {{write: () => boolean}} puts it there at once; false where it is too long for that
 */
export function shareInAddress(form, taken) {
  let timer = 0;
  const write = () => {
    clearTimeout(timer);
    const state = stateOf(form).toString();
    const fits = state.length <= MOST_CHARACTERS;
    history.replaceState(null, "", state && fits ? `#${state}` : location.pathname + location.search);
    return fits;
  };
  const read = () => {
    apply(form, new URLSearchParams(location.hash.slice(1)));
    taken();
  };
  // Browsers allow few changes of the address a second.
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(write, WAIT_MS);
  });
  addEventListener("hashchange", read);
  read();
  return { write };
}

function stateOf(form) {
  const state = new URLSearchParams();
  for (const field of fields(form)) {
    if (field.type === "checkbox") {
      if (field.checked !== field.defaultChecked) state.set(field.name, field.checked ? "1" : "0");
    } else if (field.value !== defaultOf(field)) {
      state.set(field.name, field.value);
    }
  }
  return state;
}

function apply(form, state) {
  for (const field of fields(form)) {
    const value = state.get(field.name);
    if (field.type === "checkbox") {
      field.checked = value === null ? field.defaultChecked : value === "1";
    } else {
      field.value = value ?? defaultOf(field);
      // A link that is no longer right, or never was: a choice that is gone, a number out of bounds.
      if (field.selectedIndex === -1 || !field.validity.valid) field.value = defaultOf(field);
    }
  }
}

function defaultOf(field) {
  if (field.localName !== "select") return field.defaultValue;
  return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0]).value;
}

function fields(form) {
  return [...form.elements].filter((field) => field.name);
}
