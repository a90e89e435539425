package manifest

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"dagger/ship/internal/position"
)

// element is an XML element with the line that it starts on; text is its own, without the blanks
// around it.
type element struct {
	name       string
	space      string // its namespace
	text       string
	line       int
	conditions bool // it has an attribute Condition
	children   []*element
}

// Bounds for XML, whose elements take far more memory than their text.
const (
	maxElements = 50000
	maxDepth    = 100
)

// decodeXML reads XML (https://www.w3.org/TR/xml/). Elements have their local names, whatever the
// namespace.
func (d *document) decodeXML() (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(d.data))
	decoder.CharsetReader = charset
	root := &element{}
	open, text := []*element{root}, []byte(nil) // text of the innermost element, as long as it has no child
	elements := 0
	for {
		token, err := decoder.Token()
		line, column := decoder.InputPos()
		top := open[len(open)-1]
		switch {
		case errors.Is(err, io.EOF) && len(root.children) == 1:
			return root.children[0], nil
		case errors.Is(err, io.EOF):
			return nil, d.fault(0, "not an XML document with one root element")
		case err != nil:
			if at := new(xml.SyntaxError); errors.As(err, &at) {
				return nil, &position.Fault{Path: d.path, Line: at.Line, Column: column, Text: at.Msg}
			}
			return nil, d.fault(line, "%v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if elements++; elements > maxElements || len(open) > maxDepth {
				return nil, d.fault(line, "more than %d elements, or %d inside each other: no manifest has so many",
					maxElements, maxDepth)
			}
			if len(top.children) == 0 {
				top.text, text = strings.TrimSpace(string(text)), nil
			}
			child := &element{name: token.Name.Local, space: token.Name.Space, line: line}
			for _, attribute := range token.Attr {
				child.conditions = child.conditions || attribute.Name.Local == "Condition"
			}
			top.children = append(top.children, child)
			open = append(open, child)
		case xml.EndElement:
			if len(top.children) == 0 {
				top.text = strings.TrimSpace(string(text))
			}
			text = nil
			open = open[:len(open)-1]
		case xml.CharData:
			if len(top.children) == 0 { // no manifest has text that counts beside child elements
				text = append(text, token...)
			}
		}
	}
}

// child returns the first child of the name, nil if there is none; a nil element has no children.
func (e *element) child(name string) *element {
	if e != nil {
		for _, child := range e.children {
			if child.name == name {
				return child
			}
		}
	}
	return nil
}

func (e *element) textOf(name string) string {
	if child := e.child(name); child != nil {
		return child.text
	}
	return ""
}

// charset reads the encodings of old tools' manifests, beside UTF-8.
func charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return input, nil
	case "iso-8859-1", "latin1":
		return &latin1{in: bufio.NewReader(input)}, nil
	}
	return nil, fmt.Errorf("the encoding %q cannot be read: save the file as UTF-8", label)
}

// latin1 reads ISO-8859-1, whose bytes are the first 256 code points, as UTF-8.
type latin1 struct {
	in   *bufio.Reader
	rest []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		b, err := l.in.ReadByte()
		if err != nil {
			return 0, err
		}
		l.rest = []byte(string(rune(b)))
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
