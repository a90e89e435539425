package version

import "testing"

func TestCompareFollowsTheEcosystemsOrder(t *testing.T) {
	for scheme, ascending := range map[Scheme][]string{
		SemVer: {
			"0.9.0",
			"0.10.0",
			"1.0.0-alpha",
			"1.0.0-alpha.1",
			"1.0.0-beta",
			"1.0.0-beta.2",
			"1.0.0-beta.11",
			"1.0.0-rc.1",
			"1.0.0",
			"1.0.1",
		},
		Maven: {
			"1-alpha",
			"1-beta",
			"1-milestone",
			"1-rc",
			"1-SNAPSHOT",
			"1",
			"1-sp",
			"1-foo",
			"1-1",
			"1.1",
			"1.2.9",
			"1.2.10",
			"2",
		},
		Gradle: {
			"1.0-dev",
			"1.0-ALPHA",
			"1.0-alpha",
			"1.0-rc",
			"1.0-SNAPSHOT",
			"1.0-final",
			"1.0-ga",
			"1.0-release",
			"1.0-sp",
			"1.0",
			"1.0.1",
			"1.2",
			"1.10",
		},
		NuGet: {"1.0-alpha", "1.0.0-ALPHA.1", "1.0.0-rc.1", "1.0.0", "1.0.0.1", "1.0.1", "1.2", "1.10"},
		Composer: {
			"1.0.0-dev",
			"1.0.0-alpha1",
			"1.0.0-a2",
			"1.0.0-beta",
			"1.0.0-RC1",
			"1.0.0-RC10",
			"v1.0.0",
			"1.0.0-p1",
			"1.0.0.1",
			"1.1",
		},
		Pub: {
			"0.9.0",
			"1.0.0-rc.1",
			"1.0.0-rc.1+1",
			"1.0.0",
			"1.0.0+9",
			"1.0.0+010",
			"1.0.0+46",
			"1.0.0+46.1",
			"1.0.0+a",
			"1.0.1",
		},
		Helm:   {"0.9", "v0.10", "1", "v1.0.1", "1.2", "v1.16.2"},
		PEP440: {"0.9", "0.10", "1.0.dev3", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1!0.1"},
	} {
		for i, low := range ascending {
			for j, high := range ascending {
				want := min(1, max(-1, i-j))
				if got := mustParse(t, scheme, low).Compare(mustParse(t, scheme, high)); got != want {
					t.Errorf("%s: Compare(%s, %s) = %d, want %d", scheme, low, high, got, want)
				}
			}
		}
	}
	if mustParse(t, PEP440, "1.0").Compare(mustParse(t, PEP440, "1.0.0")) != 0 {
		t.Error("PEP 440: 1.0 and 1.0.0 are one version")
	}
	if mustParse(t, Gradle, "v1.4.0").Compare(mustParse(t, Gradle, "1.4.0")) != 0 {
		t.Error("Gradle: v1.4.0 and 1.4.0 are one version")
	}
}

func TestPrerelease(t *testing.T) {
	for text, want := range map[string]bool{"1.4.0rc1": true, "1.4.0": false, "1.4.0.dev3": true,
		"1.4.0.post1": false} {
		if got := mustParse(t, PEP440, text).Prerelease(); got != want {
			t.Errorf("PEP 440 %s: Prerelease() = %v", text, got)
		}
	}
	for scheme, texts := range map[Scheme]map[string]bool{
		Maven:    {"1.4-SNAPSHOT": true, "1.4-m2": true, "1.4": false, "1.4.0.Final": false, "33.0-jre": false},
		Gradle:   {"1.4-SNAPSHOT": true, "1.4.0rc1": true, "1.4": false, "1.4.RELEASE": false, "1.4.0+5": false},
		NuGet:    {"1.4-preview.1": true, "1.4": false, "1.4+rc": false},
		Composer: {"1.4.0-beta": true, "1.4.0-dev": true, "1.4.0": false, "1.4.0-p1": false},
	} {
		for text, want := range texts {
			if got := mustParse(t, scheme, text).Prerelease(); got != want {
				t.Errorf("%s %s: Prerelease() = %v", scheme, text, got)
			}
		}
	}
	for text, want := range map[string]bool{"1.4.0-rc.1": true, "1.4.0": false, "1.4.0+rc1": false} {
		if got := mustParse(t, SemVer, text).Prerelease(); got != want {
			t.Errorf("SemVer %s: Prerelease() = %v", text, got)
		}
	}
}

func TestParseRefusesWhatTheEcosystemRefuses(t *testing.T) {
	for scheme, texts := range map[Scheme][]string{
		SemVer:   {"", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0 "},
		Maven:    {"", "1 0", "${revision}", "1/2", "1..0", "1-"},
		Gradle:   {"", "1 0", "$v", "-1"},
		NuGet:    {"", "1.0.0.0.0", "v1.0", "1.0-"},
		Composer: {"", "dev-main", "1.x-dev", "1.0.0-foo"},
		PEP440:   {"", "one", "1.0-", "1.0.x", "1.0 ", "1.0\n", " 1.0", "1.0\t", "1.0.po\u017ft1"},
	} {
		for _, text := range texts {
			if v, err := Parse(scheme, text); err == nil {
				t.Errorf("%s: %q parsed as %v", scheme, text, v)
			}
		}
	}
}

func mustParse(t *testing.T, scheme Scheme, text string) Version {
	t.Helper()
	v, err := Parse(scheme, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
