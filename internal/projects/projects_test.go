package projects

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	file, err := Read([]byte("\ufeff# all of them\r\n[projects.web]\r\nneeds = " +
		"['api']\r\n\r\n[projects.api]\r\npath = \"services/api/\"\r\nimage = \"api\"\nenvironments = " +
		"[\"test:reinstall\", \"production\"]\ntemplate = \"v{version}\"\nchart = \"deploy\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	list := file.Projects
	if len(list) != 2 || list[0].Key != "web" || list[0].Path != "web" || list[0].Needs[0] != "api" ||
		list[1].Path != "services/api" || list[1].Image != "api" || len(list[1].List) != 2 ||
		list[1].Template != "v{version}" || list[1].Chart != "deploy" {
		t.Errorf("read %+v", list)
	}
}

func TestFaultsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		"[projects]\n":               "ship.toml: it lists no projects",
		"[projects.a]\nimag = 'x'\n": `ship.toml:2:1: unknown key "imag": did you mean "image"?`,
		"[projects.a]\n  enviroments=1\n": "" +
			`ship.toml:2:3: unknown key "enviroments": did you mean "environments"?`,
		"[project.a]\n": `ship.toml:1:2: unknown key "project": did you mean "projects"?`,
		"[projects.a]\n[projects.a.env]\nx = 1\n": `ship.toml:2:2: unknown key "env": did you mean "`,
		"[projects.a]\nimage = 3\n":               "ship.toml:2:9: ",
		"[projects.a]\nneeds = 'b'\n":             "ship.toml:2:9: ",
		"[projects.a\n":                           "ship.toml:1:",
		"[projects.a]\n[projects.a]\n":            "ship.toml:2:",
		"[projects.a]\npath = '../b'\n":           `ship.toml:2:1: the path "../b" leads out`,
		"[projects.api]\n[projects.web]\nneeds = ['apy']\n": `ship.toml:3:1: web needs "apy", ` +
			`which is not a project of this file: did you mean "api"?`,
		"[projects]\na = {needs = ['b']}\nb = {needs = ['c']}\nc = {needs = ['a', 'b']}\n": "ship.toml:2:1: " +
			"the projects need each other, so none can be the first: a needs b needs c needs a",
		"[projects.a]\nneeds = ['a']\n": "ship.toml:2:1: " +
			"the projects need each other, so none can be the first: a needs a",
		"[projects.2fa]\n":                 `ship.toml:1:2: the name "2fa" does not begin with a letter`,
		"[projects.a-1]\n[projects.A_1]\n": "ship.toml:2:2: the names a-1 and A_1 make the same names of variables",
		"[projects.a]\nimage = \"\xff\"\n": "ship.toml:2:",
	} {
		if list, err := Read(
			[]byte(text),
		); err == nil || list.Projects != nil ||
			!strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestFaultOfASettingThatIsNotThere(t *testing.T) {
	file, err := Read([]byte("[projects.a]\n\n[projects.b]\nimage = 'x'\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"ship.toml:1:2: bad", "ship.toml:4:1: bad"} {
		if got := file.Projects[i].Fault("image", "bad").Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("[projects.a]\nneeds = ['b']\nimag = 2\n[projects.b]\npath='x'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Read(data)
		if err != nil && len(list.Projects) > 0 {
			t.Errorf("%d projects beside %v", len(list.Projects), err)
		}
	})
}
