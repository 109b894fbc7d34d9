// The words in which two texts differ: a longest common subsequence of words.

const MOST = 1_000_000; // steps; beyond them two texts are not compared word by word
const LONGEST = 40_000; // characters of both; longer ones are not even split into words
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

const parts = (text) => Array.from(segmenter.segment(text), ({ segment, isWordLike }) => ({ text: segment, word: isWordLike }));

/**
 * What of each text the other lacks, and the share of words that both have, from 0 to 1.
 *
 * Each text becomes `[{text, other}]`: pieces in order, `other` where the other text has not got them. Null for texts
 * that are too long.
 */
export function changes(left, right) {
  if (left === right) return { sides: [left, right].map((text) => [{ text, other: false }]), share: 1 };
  if (left.length + right.length > LONGEST) return null;
  const texts = [parts(left), parts(right)];
  const words = texts.map((all) => all.filter((part) => part.word));
  const shared = common(...words.map((all) => all.map((part) => part.text)));
  if (!shared) return null;
  words.forEach((all, side) => all.forEach((part, index) => (part.other = !shared[side].has(index))));
  const most = Math.max(words[0].length, words[1].length);
  return { sides: texts.map(pieces), share: most ? shared[0].size / most : 1 };
}

/** The places of the common words in each text. */
function common(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (end < left.length - start && end < right.length - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const [rows, columns] = [left.length - start - end, right.length - start - end];
  if (rows * columns > MOST) return null;
  const width = columns + 1;
  const longest = new Uint16Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      const here = row * width + column;
      longest[here] = left[start + row] === right[start + column] ? longest[here + width + 1] + 1 : Math.max(longest[here + width], longest[here + 1]);
    }
  }
  const places = [new Set(), new Set()];
  const pair = (one, other) => (places[0].add(one), places[1].add(other));
  for (let index = 0; index < start; index += 1) pair(index, index);
  for (let index = 1; index <= end; index += 1) pair(left.length - index, right.length - index);
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    if (left[start + row] === right[start + column]) pair(start + row++, start + column++);
    else if (longest[(row + 1) * width + column] >= longest[row * width + column + 1]) row += 1;
    else column += 1;
  }
  return places;
}

/** Words and what stands between them, with neighbours of a kind joined. */
function pieces(all) {
  const found = [];
  all.forEach((part, index) => {
    const next = all.slice(index + 1, index + 3).find((one) => one.word);
    const other = part.word ? part.other : Boolean(found.at(-1)?.other && next?.other);
    if (found.at(-1)?.other === other) found.at(-1).text += part.text;
    else found.push({ text: part.text, other });
  });
  return found;
}
