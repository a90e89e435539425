package cli

import (
	"fmt"
	"io"
	"strings"
)

// help writes about the program, or about the last function of the calls.
func (p *Program) help(out io.Writer, calls []call, constructor function, methods []function) error {
	if len(calls) > 1 {
		f := calls[len(calls)-1].function
		fmt.Fprintf(out, "%s\n\nUSAGE\n  %s [settings] %s [arguments]\n", f.doc, p.Name, f.name)
		writeParams(out, "ARGUMENTS", f.params)
		return nil
	}
	fmt.Fprintf(out, "%s\n\nUSAGE\n  %s [settings] FUNCTION [arguments]\n\nFUNCTIONS\n", constructor.doc, p.Name)
	for _, f := range methods {
		fmt.Fprintf(out, "  %-12s %s\n", f.name, firstSentence(f.doc))
	}
	writeParams(out, "SETTINGS", constructor.params)
	return nil
}

func writeParams(out io.Writer, heading string, params []param) {
	for _, p := range params {
		if p.typeName == "Context" || p.typeName == "Workspace" {
			continue
		}
		if heading != "" {
			fmt.Fprintf(out, "\n%s\n", heading)
			heading = ""
		}
		fmt.Fprintf(out, "  --%s %s\n", p.name, strings.ToLower(p.typeName))
		fmt.Fprintf(out, "      %s\n", strings.ReplaceAll(p.doc, "\n", "\n      "))
		if p.defaults != "" {
			fmt.Fprintf(out, "      (default %s)\n", p.defaults)
		}
	}
}

func firstSentence(doc string) string {
	doc = strings.ReplaceAll(doc, "\n", " ")
	if end := strings.Index(doc, ". "); end >= 0 {
		return doc[:end]
	}
	return strings.TrimSuffix(doc, ".")
}
