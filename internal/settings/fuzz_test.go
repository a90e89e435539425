package settings

import (
	"errors"
	"testing"
)

// FuzzParse reads any settings: whatever cannot be right is an error that names the setting.
func FuzzParse(f *testing.F) {
	f.Add("test:reinstall,eu+us=shop-us", "image.repository,image.tag", "{name}-{version}", "5m", "r.example/shop")
	f.Add("a=b=c", "=", "{", "-1s", "https://r.example")
	f.Add("+,+", "a..b", "%", "9999999h", "r/../x")
	f.Fuzz(func(t *testing.T, environments, keys, template, timeout, image string) {
		_, err := Parse(Given{
			Environments: []string{environments}, Keys: []string{keys}, Template: template, Timeout: timeout,
			Image: image, Args: []string{keys},
		})
		if named := new(Error); err != nil && !errors.As(err, &named) {
			t.Errorf("%v does not name its setting", err)
		}
	})
}
