// Unpacks the page's program and runs it: deflated it takes a quarter of the room. What is declared
// here is seen by the program too. The content security policy names the digests of both.

const $ = (id) => document.getElementById(id);

// Base 85: five characters are four bytes.
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";

function bytesOf(text) {
  const digit = Object.fromEntries([...DIGITS].map((char, i) => [char, i]));
  const view = new DataView(new ArrayBuffer(Math.ceil(text.length / 5) * 4));
  for (let i = 0; i < text.length; i += 5) {
    let number = 0;
    for (let k = i; k < i + 5; k++) number = number * 85 + (k < text.length ? digit[text[k]] : 84);
    view.setUint32((i / 5) * 4, number % 2 ** 32);
  }
  return view.buffer.slice(0, text.length - Math.ceil(text.length / 5));
}

async function inflate(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fail(error) {
  $("notice").hidden = false;
  $("notice").textContent = typeof DecompressionStream === "undefined"
    ? "This page needs a browser from 2024 or later." : `The page cannot be drawn: ${error.message}`;
  throw error;
}

async function run({ program }) {
  const script = document.createElement("script");
  script.type = "module";
  script.textContent = new TextDecoder().decode(await inflate(program));
  document.head.append(script);
}
