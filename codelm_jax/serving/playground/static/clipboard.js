// Copying, and what to do where the browser allows it on secure origins only.

/**
 * Copies a text.
 * @returns {Promise<boolean>} whether the browser let it
 */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Selects what an element shows, to be copied by hand. */
export function select(element) {
  getSelection().selectAllChildren(element);
}
