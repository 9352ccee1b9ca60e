// What a schema's JSON looks like, and a request with curl.

/** An example value: the schema's own, or one made of its parts. */
export function sample(unresolved, found, depth = 0) {
  const schema = found(unresolved);
  if (schema.examples) return schema.examples[0];
  if ("const" in schema) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum.find((value) => value !== "");
  if (schema.anyOf) return sample(schema.anyOf[0], found, depth);
  const type = [schema.type].flat()[0];
  if (type === "array") return depth > 4 ? [] : [sample(schema.items, found, depth + 1)];
  if (type === "object") {
    if (depth > 4) return {};
    return Object.fromEntries(Object.entries(schema.properties ?? {})
      .map(([name, property]) => [name, sample(property, found, depth + 1)]));
  }
  if (type === "integer" || type === "number") return schema.minimum ?? 1;
  if (type === "boolean") return true;
  return { "date-time": "2025-12-04T11:00:00Z", date: "2025-12-04", uri: "http://localhost:3000/…",
    uuid: "12345678-abcd-4234-8fab-123456789abc" }[schema.format] ?? "…";
}

/** As a shell takes it, whatever is in it. */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function bodyLines(verb, body, found) {
  const [type, { schema, example }] = Object.entries(body.content)[0];
  if (type === "application/json") {
    return [`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(example ?? sample(schema, found)))}`];
  }
  if (type === "multipart/form-data") {
    return Object.entries(found(schema).properties).map(([name, property]) =>
      `-F ${name}=${found(property).format === "binary" ? "@file" : sample(property, found)}`);
  }
  return [verb === "put" ? "-T file" : "--data-binary @file", `-H 'Content-Type: ${type}'`];
}

/** The request as lines of a shell; `list` are its parameters. */
export function curl({ verb, path, list, body, isOpen }, found) {
  const shown = (parameter) => found(parameter.schema).examples?.[0]
    ?? (found(parameter.schema).format === "uuid" ? sample(parameter.schema, found) : `{${parameter.name}}`);
  const filled = list.filter((parameter) => parameter.in === "path")
    .reduce((text, parameter) => text.replace(`{${parameter.name}}`, shown(parameter)), path);
  const query = list.filter((parameter) => parameter.in === "query" && parameter.required)
    .map((parameter) => `${parameter.name}={${parameter.name}}`).join("&");
  const method = { get: "", head: "--head " }[verb] ?? `-X ${verb.toUpperCase()} `;
  return [
    `curl ${method}${quoted(location.origin + filled + (query && `?${query}`))}`,
    ...(isOpen ? [] : [`-H "Authorization: Bearer $token"`]),
    ...list.filter((parameter) => parameter.in === "header" && parameter.required)
      .map((parameter) => `-H ${quoted(`${parameter.name}: ${found(parameter.schema).const ?? `{${parameter.name}}`}`)}`),
    ...(body && (body.required || !body.content["application/json"]) ? bodyLines(verb, body, found) : []),
  ].join(" \\\n  ");
}
