// Values come from whoever sent an action: shown as they are, they could steer the terminal.

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g
/** JSON escapes the others itself. */
const CONTROL_IN_JSON = /[\u007f-\u009f]/g

/** One line of text for a terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, '�')
}

/** Lines of text for a terminal. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** The same JSON, without a character that a terminal obeys. */
export function printableJson(json: string): string {
  return json.replace(CONTROL_IN_JSON, (found) => `\\u00${found.charCodeAt(0).toString(16)}`)
}
