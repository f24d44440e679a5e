// Server-sent events out of a stream of bytes (HTML standard, section 9.2.6), as far as a completion needs them.

const ANY_LINE_END = /\r\n|\n|\r/;
const SURE_LINE_END = /\r\n|\n|\r(?!$)/;

/**
 * The data of each event, in order.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncGenerator<string>}
 */
export async function* eventData(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "";
  let data = [];
  try {
    for (let ended = false; !ended; ) {
      const { value = "", done } = await reader.read();
      ended = done;
      // A line end may itself be cut in two: a lone \r at the end waits for what follows.
      const lines = (unread + value).split(ended ? ANY_LINE_END : SURE_LINE_END);
      unread = lines.pop();
      for (const line of lines) {
        if (line.startsWith("data:")) {
          data.push(line.slice(5).replace(/^ /, ""));
        } else if (line === "" && data.length) {
          yield data.join("\n");
          data = [];
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
