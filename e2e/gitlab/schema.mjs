// Says what is wrong with YAML files by GitLab's JSON schema for .gitlab-ci.yml, which gitlab-ci-local has in its program:
// of a file with a header (spec) only that, since the rest has inputs in it. GitLab refuses a key that it does not know there,
// and the schema does not; that each input is described is a rule of our own.
//
//   node schema.mjs NODE_MODULES FILE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";

const [modules, ...files] = process.argv.slice(2);
const require = createRequire(modules + "/");
const Ajv = require("ajv").default;
const yaml = require("js-yaml");

// schemaIn cuts the schema, an object's literal, out of the program.
function schemaIn(program) {
  const start = program.search(/\{\$schema:"[^"]*",\$id:"https:\/\/gitlab\.com\/\.gitlab-ci\.yml"/);
  if (start < 0) throw new Error("gitlab-ci-local has no schema in it");
  for (let end = program.indexOf("}", start); end >= 0; end = program.indexOf("}", end + 1)) {
    try {
      return runInNewContext("(" + program.slice(start, end + 1) + ")");
    } catch (error) {
      if (error.name !== "SyntaxError") throw error;
    }
  }
  throw new Error("the schema has no end");
}

const schema = schemaIn(readFileSync(modules + "/gitlab-ci-local/dist/index.js", "utf8"));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true, validateFormats: false, strict: false }).compile(schema);
const known = ["default", "description", "options", "regex", "rules", "type"]; // https://docs.gitlab.com/ci/yaml/#specinputs
let faults = 0;
for (const file of files) {
  const [first] = yaml.loadAll(readFileSync(file, "utf8"));
  const wrong = validate(first) ? [] : validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
  for (const [name, input] of Object.entries(first.spec?.inputs ?? {})) {
    if (!input.description) wrong.push(`input ${name} has no description`);
    const unknown = Object.keys(input).filter((key) => !known.includes(key));
    if (unknown.length > 0) wrong.push(`input ${name} has the unknown keys ${unknown}`);
  }
  for (const text of wrong) console.error(`${file}: ${text}`);
  faults += wrong.length;
}
process.exit(faults ? 1 : 0);
