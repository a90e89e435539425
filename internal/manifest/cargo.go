package manifest

import "path"

// cargo reads Cargo.toml (https://doc.rust-lang.org/cargo/reference/manifest.html).
// `version.workspace = true` is in [workspace.package] of the workspace's root.
func cargo(d *document) error {
	if err := d.decodeTOML(); err != nil {
		return err
	}
	if _, exists := d.value("package"); !exists {
		if _, exists := d.value("workspace"); exists {
			return d.noProject("a workspace without a package of its own: name a member's Cargo.toml with --manifest")
		}
		return d.noProject("no [package]")
	}
	if _, exists := d.value("package", "version"); !exists { // Cargo needs none for a package that is not published
		return d.noProject("no version in [package]")
	}
	if inherited, _ := d.value("package", "version", "workspace"); inherited != true {
		return d.nameAndVersion("package")
	}
	name, err := d.text("package", "name")
	if err != nil {
		return err
	}
	root, err := d.workspace()
	if err != nil {
		return err
	}
	root.name = name
	if err := root.nameAndVersion("workspace", "package"); err != nil {
		return err
	}
	d.setName(name, d, d.lineOf("package", "name"))
	d.setVersion(root.version, root, root.versionLine)
	return nil
}

// workspace finds the root of the workspace as Cargo does: in the folder that package.workspace
// names, or else in the nearest folder upwards whose manifest has [workspace].
func (d *document) workspace() (*document, error) {
	if _, here := d.value("workspace"); here {
		return d, nil
	}
	line := d.lineOf("package", "version")
	if folder, err := d.text("package", "workspace"); err != nil {
		return nil, err
	} else if folder != "" {
		root, err := d.parentTOML(d.beside(path.Join(folder, "Cargo.toml")))
		if err == nil && root == nil {
			err = d.fault(d.lineOf("package", "workspace"), "there is no Cargo.toml in the workspace %s", folder)
		}
		return root, err
	}
	for folder := path.Dir(d.path); folder != "."; {
		folder = path.Dir(folder)
		root, err := d.parentTOML(path.Join(folder, "Cargo.toml"))
		if err != nil {
			return nil, err
		}
		if root != nil {
			if _, is := root.value("workspace"); is {
				return root, nil
			}
		}
	}
	return nil, d.fault(line,
		"the version is the workspace's, but neither this Cargo.toml nor one in a folder above has [workspace]")
}

func (d *document) parentTOML(file string) (*document, error) {
	if exists, err := d.has(file); err != nil || !exists {
		return nil, err
	}
	root, err := d.open(file)
	if err != nil {
		return nil, err
	}
	return root, root.decodeTOML()
}
