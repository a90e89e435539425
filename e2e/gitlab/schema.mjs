// Says what is wrong with YAML files by GitLab's JSON schema for .gitlab-ci.yml, which gitlab-ci-local has in its program:
// of a file with a header (spec) only that, since the rest has inputs in it.
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
let faults = 0;
for (const file of files) {
  const [first] = yaml.loadAll(readFileSync(file, "utf8"));
  if (validate(first)) continue;
  for (const { instancePath, message } of validate.errors) console.error(`${file}: ${instancePath} ${message}`);
  faults += 1;
}
process.exit(faults ? 1 : 0);
