package report

import "testing"

func TestDotenv(t *testing.T) {
	for _, c := range []struct{ key, image, want string }{
		{
			"",
			"localhost:5000/shop:1.4.0@sha256:abc",
			"VERSION=1.4.0\nTAG=shop-1.4.0\nIMAGE=localhost:5000/shop:1.4.0@sha256:abc\nDIGEST=sha256:abc",
		},
		{"", "", "VERSION=1.4.0\nTAG=shop-1.4.0\nIMAGE=\nDIGEST="},
		{
			"web-shop.2",
			"r/s:1@d",
			"WEB_SHOP_2_VERSION=1.4.0\nWEB_SHOP_2_TAG=shop-1.4.0\nWEB_SHOP_2_IMAGE=r/s:1@d\nWEB_SHOP_2_DIGEST=d",
		},
	} {
		if got := Dotenv(c.key, "1.4.0", "shop-1.4.0", Image{Reference: c.image}); got != c.want {
			t.Errorf("%q %q: got %q, want %q", c.key, c.image, got, c.want)
		}
	}
	got := Dotenv("api", "1", "", Image{"web", "r/web:1@d"}, Image{"a.b", ""})
	want := "API_VERSION=1\nAPI_TAG=\nAPI_IMAGE_WEB=r/web:1@d\nAPI_DIGEST_WEB=d\nAPI_IMAGE_A_B=\nAPI_DIGEST_A_B="
	if got != want {
		t.Errorf("several images: got %q, want %q", got, want)
	}
}
