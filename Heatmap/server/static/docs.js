"use strict";

// Draws the OpenAPI document of this server: each path with its parameters, to be tried. It stands
// in the place of Swagger UI, which no installed package brings, so that no other host is asked.

/** How much of an answer is shown. */
const SHOWN_CHARS = 20_000;
/** How long a stream is listened to, milliseconds. */
const LISTEN_MS = 5_000;

/**
 * Makes an element.
 * @param {string} name
 * @param {Record<string, string>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
function made(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/**
 * Follows a reference within the document.
 * @param {object} document_
 * @param {object} schema
 * @returns {object}
 */
function resolved(document_, schema) {
  const reference = schema?.$ref;
  if (!reference) return schema ?? {};
  return reference.slice(2).split("/").reduce((at, key) => at[key], document_);
}

/**
 * Returns the values that a parameter may have, where they are a list.
 * @param {object} document_
 * @param {object} schema
 * @returns {string[]}
 */
function choices(document_, schema) {
  const found = resolved(document_, schema);
  if (found.enum) return found.enum.map(String);
  if (found.type === "boolean") return ["false", "true"];
  return [];
}

/**
 * Says what a parameter may be, beside its words.
 * @param {object} schema
 * @returns {string}
 */
function limits(schema) {
  const one = schema.anyOf ? schema.anyOf[0] : schema;
  const words = [];
  if (one.minimum !== undefined) words.push(`at least ${one.minimum}`);
  if (one.exclusiveMinimum !== undefined) words.push(`above ${one.exclusiveMinimum}`);
  if (one.maximum !== undefined) words.push(`at most ${one.maximum}`);
  const text = words.join(", ");
  return text && `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/**
 * Draws the field of one parameter.
 * @param {object} document_
 * @param {object} parameter
 * @param {string} path
 * @returns {{ element: HTMLElement, control: HTMLInputElement | HTMLSelectElement }}
 */
function field(document_, parameter, path) {
  const schema = parameter.schema ?? {};
  const allowed = choices(document_, schema);
  const id = `${path}-${parameter.name}`;
  const usual = schema.default === undefined || schema.default === null ? "" : `${schema.default}`;
  const control = allowed.length
    ? made("select", { id }, ...["", ...allowed].map((one) => made("option", { value: one }, one || usual)))
    : made("input", { id, placeholder: usual, autocomplete: "off" });
  const label = made("label", { htmlFor: id }, parameter.name, parameter.required ? " *" : "");
  const words = [parameter.description, limits(schema), usual && `Default: ${usual}.`];
  const text = words.filter(Boolean).join(" ");
  const element = made("div", { className: "field" }, label, control);
  element.append(made("div", { className: "words" }, text));
  return { element, control };
}

/**
 * Shows an answer, or the first seconds of a stream.
 * @param {string} address
 * @param {HTMLElement} output
 */
async function ask(address, output) {
  output.hidden = false;
  output.textContent = `GET ${address}\n…`;
  const stop = new AbortController();
  try {
    const answer = await fetch(address, { signal: stop.signal });
    const head = `GET ${address}\n${answer.status} ${answer.statusText}\n\n`;
    const type = answer.headers.get("content-type") ?? "";
    if (type.startsWith("text/event-stream")) {
      setTimeout(() => stop.abort(), LISTEN_MS);
      await listen(answer, (text) => (output.textContent = head + text));
      return;
    }
    let text = await answer.text();
    if (type.includes("json")) text = JSON.stringify(JSON.parse(text), null, 2);
    const more = text.length - SHOWN_CHARS;
    output.textContent =
      head + text.slice(0, SHOWN_CHARS) + (more > 0 ? `\n… ${more} more characters` : "");
  } catch (error) {
    if (error.name !== "AbortError") output.textContent = `GET ${address}\n${error.message}`;
  }
}

/**
 * Reads a stream until it ends or is stopped.
 * @param {Response} answer
 * @param {(text: string) => void} show
 */
async function listen(answer, show) {
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text = (text + decoder.decode(value, { stream: true })).slice(-SHOWN_CHARS);
    show(text);
  }
}

/**
 * Draws one path.
 * @param {object} document_
 * @param {string} path
 * @param {object} operation
 * @returns {HTMLElement}
 */
function drawn(document_, path, operation) {
  const parameters = (operation.parameters ?? []).filter((one) => one.in === "query");
  const fields = parameters.map((one) => ({ name: one.name, ...field(document_, one, path) }));
  const output = made("pre", { hidden: true });
  const button = made("button", { type: "submit" }, "Ask");
  const form = made("form", {}, ...fields.map((one) => one.element), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = fields.filter((one) => one.control.value !== "");
    const query = new URLSearchParams(chosen.map((one) => [one.name, one.control.value]));
    ask(path + (chosen.length ? `?${query}` : ""), output);
  });
  const words = (operation.description ?? "").replaceAll("`", "");
  const answers = Object.entries(operation.responses).map(([status, one]) =>
    made("li", {}, made("code", {}, status), ` ${one.description}`),
  );
  return made(
    "details",
    { id: path },
    made("summary", {}, made("code", {}, `GET ${path}`), ` ${operation.summary ?? ""}`),
    made("div", { className: "inside" }, made("p", {}, words), form, output, made("ul", {}, ...answers)),
  );
}

/** Draws all paths, by subject. */
async function drawAll() {
  const words = document.getElementById("words");
  try {
    const document_ = await (await fetch(`${location.origin}/openapi.json`)).json();
    words.textContent = document_.info.description;
    const bySubject = new Map();
    for (const [path, operations] of Object.entries(document_.paths)) {
      const operation = operations.get;
      if (!operation) continue;
      const subject = operation.tags?.[0] ?? "other";
      if (!bySubject.has(subject)) bySubject.set(subject, []);
      bySubject.get(subject).push(drawn(document_, path, operation));
    }
    const place = document.getElementById("paths");
    for (const [subject, paths] of bySubject) place.append(made("h2", {}, subject), ...paths);
  } catch (error) {
    words.textContent = `The document could not be read: ${error.message}`;
  }
}

drawAll();

page.ask("/health").then(({ kind }) => page.tellKind(kind), () => {});
