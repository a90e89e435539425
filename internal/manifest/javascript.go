package manifest

// packageJSON reads npm's, pnpm's and yarn's manifest
// (https://docs.npmjs.com/cli/configuring-npm/package-json). One that is private and has no version
// is no project: npm needs none there.
func packageJSON(d *document) error {
	if err := d.decodeJSON(); err != nil {
		return err
	}
	_, hasVersion := d.value("version")
	_, hasName := d.value("name")
	if private, _ := d.value("private"); !hasVersion && (private == true || !hasName) {
		return d.noProject("it has no version")
	}
	if err := d.nameAndVersion(); err != nil {
		return err
	}
	return d.semanticRelease()
}

// deno reads deno.json and deno.jsonc (https://docs.deno.com/runtime/fundamentals/configuration/);
// only packages have a name and a version there.
func deno(d *document) error {
	d.data = plainJSON(d.data)
	if err := d.decodeJSON(); err != nil {
		return err
	}
	if _, hasVersion := d.value("version"); !hasVersion {
		return d.noProject("it has no version")
	}
	return d.nameAndVersion()
}
