package gitserver

import (
	"net/http"
	"strconv"
	"strings"
)

// How many entries a page has (https://docs.gitlab.com/api/rest/#offset-based-pagination).
const (
	usualPage = 20
	maxPage   = 100
)

// paginate answers with the page of a list that the call asks for, and says in the answer's header which one it is.
func paginate[T any](c call, all []T) (int, any) {
	page, size := 1, usualPage
	for name, number := range map[string]*int{"page": &page, "per_page": &size} {
		if given := c.URL.Query().Get(name); given != "" {
			n, err := strconv.Atoi(given)
			if err != nil {
				return invalid(name + " is invalid")
			}
			*number = n
		}
	}
	if size < 1 {
		return invalid("per_page does not have a valid value")
	}
	page, size = max(page, 1), min(size, maxPage)
	last := max((len(all)+size-1)/size, 1)
	numbers := map[string]int{"X-Page": page, "X-Per-Page": size, "X-Total": len(all), "X-Total-Pages": last,
		"X-Prev-Page": 0, "X-Next-Page": 0}
	links := []string{c.page(1, size, "first"), c.page(last, size, "last")}
	if page > 1 {
		numbers["X-Prev-Page"] = page - 1
		links = append(links, c.page(page-1, size, "prev"))
	}
	if page < last {
		numbers["X-Next-Page"] = page + 1
		links = append(links, c.page(page+1, size, "next"))
	}
	for name, number := range numbers {
		text := ""
		if number > 0 || name == "X-Total" {
			text = strconv.Itoa(number)
		}
		c.header.Set(name, text)
	}
	c.header.Set("Link", strings.Join(links, ", "))
	if page > last {
		return http.StatusOK, all[:0]
	}
	begin := (page - 1) * size
	return http.StatusOK, all[begin:min(begin+size, len(all))]
}

// page is the address of another page of the list, and which one it is.
func (c call) page(page, size int, which string) string {
	query := c.URL.Query()
	query.Set("page", strconv.Itoa(page))
	query.Set("per_page", strconv.Itoa(size))
	return "<" + c.server.at(c.Request) + c.URL.EscapedPath() + "?" + query.Encode() + `>; rel="` + which + `"`
}
