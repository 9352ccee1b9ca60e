// /docs: the description of the API, to be read. An operation is drawn when it is opened.

import { $, $$, say, stamp } from "./dom.js";
import { curl, sample } from "./docs-example.js";

const verbs = ["get", "post", "put", "patch", "delete", "head", "options"];
let description;

/** What a reference leads to, or the thing itself. */
const found = (thing) => thing?.$ref
  ? found(thing.$ref.slice(2).split("/").reduce((place, key) => place[key], description)) : thing;

function node(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Text with `code` and *emphasis*, as the description writes it. */
function words(text) {
  return text.split(/(`[^`]+`|\*[^*\s][^*]*\*)/).filter(Boolean).map((part) => {
    if (part.length > 2 && part.startsWith("`")) return node("code", { textContent: part.slice(1, -1) });
    if (part.length > 2 && part.startsWith("*")) return node("em", { textContent: part.slice(1, -1) });
    return part;
  });
}

const paragraphs = (text = "") => text.split("\n\n").filter(Boolean).map((part) => node("p", {}, ...words(part)));

// MARK: schemas

function kind(schema) {
  if ("const" in schema) return JSON.stringify(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((choice) => kind(found(choice))))].join(" or ");
  const types = [schema.type ?? "any"].flat().map((type) => {
    if (type === "array") return `list of ${kind(found(schema.items ?? {}))}`;
    if (schema.format && type === "string") return `${type} (${schema.format})`;
    return type;
  });
  return types.join(" or ");
}

function bounds(schema) {
  const parts = [];
  if (schema.enum) parts.push(`one of ${schema.enum.map((value) => (value === "" ? "nothing" : value)).join(", ")}`);
  if (schema.minimum != null) parts.push(`from ${schema.minimum}`);
  if (schema.maximum != null) parts.push(`to ${schema.maximum}`);
  if (schema.maxItems != null) parts.push(`at most ${schema.maxItems}`);
  if (schema.default != null) parts.push(`${schema.default} unless told`);
  return parts.join(" ");
}

function field(name, schema, isRequired, about, depth) {
  const limits = bounds(schema);
  const text = [about ?? schema.description, limits && `${limits[0].toUpperCase()}${limits.slice(1)}.`];
  return node("div", {},
    node("dt", {}, node("code", { textContent: name }), node("span", { className: "kind", textContent: kind(schema) }),
      isRequired ? node("span", { className: "must", textContent: "required" }) : null),
    ...[...new Set(text.filter(Boolean))].map((line) => node("dd", {}, ...words(line))),
    depth < 4 ? inner(schema, depth) : null);
}

/** The fields of an object, of a list's items, or of what may stand instead. */
function inner(schema, depth) {
  const fields = fieldsOf(schema, depth);
  return fields && node("dd", {}, fields);
}

function fieldsOf(unresolved, depth = 0) {
  const schema = found(unresolved);
  if (schema.items) return fieldsOf(schema.items, depth);
  if (schema.anyOf) {
    const lists = schema.anyOf.map((choice) => fieldsOf(choice, depth)).filter(Boolean);
    return lists.length ? node("div", {}, ...lists.flatMap((list, index) =>
      index ? [node("p", { className: "kind", textContent: "or" }), list] : [list])) : null;
  }
  if (!schema.properties) return null;
  return node("dl", { className: "fields" }, ...Object.entries(schema.properties).map(([name, property]) =>
    field(name, found(property), schema.required?.includes(name), property.description, depth + 1)));
}

// MARK: operations

const places = { path: "In the path", query: "In the query", header: "As headers" };

function parameters(list) {
  return Object.entries(places).flatMap(([place, title]) => {
    const here = list.filter((parameter) => parameter.in === place);
    if (!here.length) return [];
    return [node("h3", { textContent: title }), node("dl", { className: "fields" }, ...here.map((parameter) =>
      field(parameter.name, found(parameter.schema), parameter.required, parameter.description, 0)))];
  });
}

/** What may be scrolled must be reached by the keyboard. */
const block = (text, label) => node("pre", { tabIndex: 0, role: "region", ariaLabel: label }, node("code", { textContent: text }));

function content(thing, label) {
  return Object.entries(thing?.content ?? {}).flatMap(([type, { schema, example }]) => {
    const shown = example ?? (type === "application/json" && schema ? sample(schema, found) : undefined);
    return [node("p", { className: "kind" }, node("code", { textContent: type })), schema && fieldsOf(schema),
      type === "application/json" && shown !== undefined ? block(JSON.stringify(shown, null, 2), label) : null];
  }).filter(Boolean);
}

function answer(status, unresolved) {
  const response = found(unresolved);
  const headers = Object.entries(response.headers ?? {}).map(([name, header]) => [name, found(header)]);
  const isProblem = response.content?.["application/problem+json"] && !response.content["text/html"];
  return node("div", { className: "answer" },
    node("p", {}, node("strong", { textContent: status }), ...words(response.description)),
    headers.length ? node("dl", { className: "fields" }, ...headers.map(([name, header]) =>
      field(name, found(header.schema), false, header.description, 4))) : null,
    ...(isProblem ? [] : content(response, `Example of the answer ${status}`)));
}

function access(operation) {
  const ways = operation.security ?? description.security;
  if (!ways.length) return "Needs no account.";
  const isOptional = ways.some((way) => !Object.keys(way).length);
  return isOptional ? "Needs no account where what it asks for is open; otherwise a token or the sign-in cookie."
    : "Needs a token (`Authorization: Bearer`) or the sign-in cookie.";
}

function draw({ verb, path, item, operation }) {
  const list = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(found);
  const body = found(operation.requestBody);
  const also = item["x-also"]?.flatMap((address) => [", ", node("code", { textContent: address })]).slice(1);
  return [
    ...paragraphs(operation.description), node("p", {}, ...words(access(operation))),
    also ? node("p", {}, "Also at ", ...also, ".") : null,
    ...parameters(list),
    ...(body ? [node("h3", { textContent: body.required ? "Body" : "Body, if any" }), ...content(body, "Example of the body")] : []),
    node("h3", { textContent: "Answers" }),
    ...Object.entries(operation.responses).map(([status, response]) => answer(status, response)),
    node("h3", { textContent: "With curl" }),
    block(curl({ verb, path, list, body, isOpen: !(operation.security ?? description.security).length }, found), "The request with curl"),
  ].filter(Boolean);
}

function entry(all) {
  const { verb, path, item, operation } = all;
  const made = stamp("operation");
  made.id = operation.operationId;
  made.dataset.words = [verb, path, ...(item["x-also"] ?? []), operation.summary, operation.operationId,
    operation.description ?? "", operation.tags[0]].join(" ").toLowerCase();
  say($(".verb", made), verb.toUpperCase());
  say($(".path", made), path);
  say($(".what", made), operation.summary);
  made.addEventListener("toggle", () => {
    const inside = $(".inside", made);
    if (!made.open || inside.childElementCount) return;
    inside.append(...draw(all));
  });
  return made;
}

// MARK: the page

const anchor = (tag) => `group-${tag.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;

function fill() {
  const operations = Object.entries(description.paths).flatMap(([path, item]) =>
    verbs.filter((verb) => item[verb]).map((verb) => ({ verb, path, item, operation: item[verb] })));
  $("#about").replaceChildren(...paragraphs(description.info.description));
  for (const { name, description: about } of description.tags) {
    const group = stamp("group");
    group.id = anchor(name);
    say($("h2", group), name);
    $("[data-about]", group).append(...paragraphs(about));
    $("[data-operations]", group).append(...operations.filter(({ operation }) => operation.tags[0] === name).map(entry));
    $("#groups").append(group);
    $("#tags").append(node("a", { href: `#${group.id}`, textContent: name }));
  }
}

function search() {
  const wanted = $("#search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const group of $$("#groups > section")) {
    let here = 0;
    for (const operation of $$(".operation", group)) {
      operation.hidden = !wanted.every((word) => operation.dataset.words.includes(word));
      if (!operation.hidden) here += 1;
    }
    group.hidden = !here;
    $(`#tags a[href="#${group.id}"]`).hidden = !here;
    count += here;
  }
  say($("#found"), wanted.length ? `${count} operation${count === 1 ? "" : "s"}` : "");
}

/** The operation that the address names is opened, so that it can be linked to. */
function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.matches(".operation")) target.open = true;
  target.scrollIntoView();
}

addEventListener("hashchange", open);
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  $("#search").focus();
});
$("#search").addEventListener("input", search);
$("#find").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("click", (event) => {
  const summary = event.target.closest?.(".operation > summary");
  if (summary) history.replaceState(null, "", `#${summary.parentElement.id}`);
});

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  description = await answer.json();
  fill();
  open();
} catch (error) {
  say($("#error"), `The description could not be read: ${error.message} Reload the page.`);
}
