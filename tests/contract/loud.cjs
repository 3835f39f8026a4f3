// Loaded into Prism (node --require): it leaves unchecked, without a word, what it cannot compile a
// schema for. This says so on standard error, where prism.py looks for it.
"use strict";
const core = require(process.env.PRISM_MODULES + "/ajv/dist/core").default;
const compile = core.prototype.compile;
core.prototype.compile = function (schema, meta) {
	try {
		return compile.call(this, schema, meta);
	} catch (error) {
		process.stderr.write(`UNCHECKABLE ${String(error.message).slice(0, 300)}\n`);
		throw error;
	}
};
