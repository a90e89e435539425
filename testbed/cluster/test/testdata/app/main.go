// Command app is what the tests deploy: an HTTP server that says who it is, or a program that fails.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "crash" {
		fmt.Println("about to fail on purpose")
		os.Exit(3)
	}
	fmt.Println("listening on :8080")
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "version %s\n", os.Getenv("VERSION"))
	})
	// A path that never answers in time, for probes that fail.
	http.HandleFunc("/stuck", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	})
	if err := http.ListenAndServe(":8080", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
