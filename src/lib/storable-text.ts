/**
 * `text` as every store and reader can hold it: half a character and a NUL become U+FFFD. Many readers of text
 * end at a NUL, shells and drivers of databases among them, so that one name would read in two ways.
 */
export function storableText(text: string): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\ufffd") : wellFormed;
}
