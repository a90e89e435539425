package naming

import "testing"

func TestTag(t *testing.T) {
	for _, c := range []struct{ template, name, version, want string }{
		{"{name}-{version}", "shop", "1.4.0", "shop-1.4.0"},
		{"v{version}", "shop", "1.4.0", "v1.4.0"},
		{"{name}@{version}", "@acme/shop", "1.4.0", "@acme/shop@1.4.0"},
		{"{name}", "shop", "1.4.0", ""},
		{"{name}-{version}", "a b", "1.4.0", "a%20b-1.4.0"},
		{"{name}-{version}", "a..b", "1.4.0", "a.%2Eb-1.4.0"},
		{"{name}-{version}", "-f", "1.4.0", "%2Df-1.4.0"},
		{"{name}-{version}.lock", "shop", "1.4.0", ""},
		{"{name}-{version}", "shop", "1.4.0~rc1", "shop-1.4.0%7Erc1"},
		{"{name}-{version}", "shop", "1!2.0+local.1", "shop-1!2.0+local.1"},
		{"{name}", "", "1.4.0", ""},
	} {
		got, err := Template(c.template).Tag(c.name, c.version)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q for %s %s: %q, %v; want %q", c.template, c.name, c.version, got, err, c.want)
		}
	}
}

func TestVersionUndoesTag(t *testing.T) {
	for _, template := range []Template{DefaultTemplate, "v{version}", "{version}/{name}", "{name}/v{version}-final"} {
		tag, err := template.Tag("shop", "1.4.0")
		if err != nil {
			t.Fatal(err)
		}
		if version, is := template.Version("shop", tag); !is || version != "1.4.0" {
			t.Errorf("%q: %q gave %q, %v", template, tag, version, is)
		}
	}
	if version, is := DefaultTemplate.Version("api", "other-1.0.0"); is {
		t.Errorf("a tag of another project gave %q", version)
	}
}

func TestRelease(t *testing.T) {
	for name, want := range map[string]string{"shop": "shop", "@acme/Shop_API": "acme-shop-api", "---": "",
		"a-name-that-is-longer-than-the-fifty-three-characters-helm-takes": ""} {
		if got, err := Release(name); got != want || (err == nil) != (want != "") {
			t.Errorf("Release(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
}
