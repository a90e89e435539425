package gitserver

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"dagger/ship/testbed/control"
)

// readLine reads one pkt-line (git help protocol-common): four hexadecimal digits of length, themselves included,
// then the data. A flush packet ("0000") is nil.
func readLine(from io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length, err := strconv.ParseUint(string(head[:]), 16, 16)
	if err != nil {
		return nil, fmt.Errorf("read a pkt-line's length: %w", err)
	}
	if length < 4 {
		return nil, nil
	}
	data := make([]byte, length-4)
	_, err = io.ReadFull(from, data)
	return data, err
}

// readCommands reads what a push asks for (git help protocol-pack, "Reference Update Request"): lines of old, new
// and name, the first with the capabilities after a zero byte, and after a flush the push options if it has any.
func readCommands(body io.ReadSeeker) (refs []control.RefUpdate, options []string) {
	body.Seek(0, io.SeekStart)
	capabilities := ""
	for {
		line, err := readLine(body)
		if err != nil || line == nil {
			break
		}
		text := strings.TrimSuffix(string(line), "\n")
		if command, rest, first := strings.Cut(text, "\x00"); first {
			text, capabilities = command, rest
		}
		if part := strings.SplitN(text, " ", 3); len(part) == 3 {
			refs = append(refs, control.RefUpdate{Old: part[0], New: part[1], Name: part[2]})
		}
	}
	if strings.Contains(" "+capabilities+" ", " push-options ") {
		for {
			line, err := readLine(body)
			if err != nil || line == nil {
				break
			}
			options = append(options, strings.TrimSuffix(string(line), "\n"))
		}
	}
	return refs, options
}

// noteResults reads the report of a push (git help protocol-pack, "Report Status"), which comes on band 1 of the
// sideband or plain: lines "ok NAME" and "ng NAME REASON" after one for the pack.
func noteResults(refs []control.RefUpdate, answer []byte) {
	var report bytes.Buffer
	for from := bytes.NewReader(answer); ; {
		line, err := readLine(from)
		if err != nil || line == nil {
			break
		}
		if line[0] == 1 {
			report.Write(line[1:])
		}
	}
	if report.Len() == 0 {
		report.Write(answer)
	}
	results := map[string]string{}
	for {
		line, err := readLine(&report)
		if err != nil || line == nil {
			break
		}
		part := strings.SplitN(strings.TrimSuffix(string(line), "\n"), " ", 3)
		if len(part) >= 2 && part[0] == "ok" {
			results[part[1]] = "ok"
		}
		if len(part) == 3 && part[0] == "ng" {
			results[part[1]] = part[2]
		}
	}
	for i := range refs {
		refs[i].Result = results[refs[i].Name]
	}
}
