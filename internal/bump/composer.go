package bump

import (
	"bytes"
	"crypto/md5" // it is what Composer uses
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// setComposer sets the content-hash in composer.lock, by which Composer tells whether the file is up to date
// with composer.json (https://getcomposer.org/doc/01-basic-usage.md#installing-with-composer-lock): it counts
// the version, too. The rest of the lock file does not have it.
func (e *editor) setComposer(file string) error {
	lock := path.Join(path.Dir(file), "composer.lock")
	if exists, err := e.has(lock); err != nil || !exists || e.edited[file] == nil {
		return err
	}
	data, err := e.contents(lock)
	if err != nil {
		return err
	}
	found, err := stringsAt(data, [][]string{{"content-hash"}})
	if err != nil {
		return fault(lock, 0, "%v: make the lock file anew", err)
	}
	if len(found) == 0 {
		return nil // one of Composer 1.0
	}
	hash := span{found[0].from + 1, found[0].to - 1}
	was, err := contentHash(e.read[file])
	if err != nil {
		return fault(file, 0, "%v", err)
	}
	now, err := contentHash(e.edited[file])
	if err != nil {
		return fault(file, 0, "%v", err)
	}
	if string(data[hash.from:hash.to]) != was {
		line := 1 + bytes.Count(data[:hash.from], []byte("\n"))
		return fault(lock, line, "the lock file is not up to date with composer.json: run composer update --lock")
	}
	e.replace(lock, data, now, hash)
	return nil
}

// contentKeys are those of composer.json that the hash is of.
var contentKeys = []string{"name", "version", "require", "require-dev", "conflict", "replace", "provide",
	"minimum-stability", "prefer-stable", "repositories", "extra"}

// contentHash is Composer's of a composer.json: the MD5 of what PHP writes for the values that count, by the
// order of their keys.
func contentHash(data []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := decodePHP(decoder)
	if err != nil {
		return "", err
	}
	content, is := value.(*array)
	if !is {
		return "", fmt.Errorf("not a JSON object")
	}
	relevant := &array{values: map[string]any{}}
	for _, key := range content.keys {
		if slices.Contains(contentKeys, key) {
			relevant.set(key, content.values[key])
		}
	}
	if config, is := content.values["config"].(*array); is && config.values["platform"] != nil {
		platform := &array{values: map[string]any{}}
		platform.set("platform", config.values["platform"])
		relevant.set("config", platform)
	}
	slices.Sort(relevant.keys)
	var b strings.Builder
	encodePHP(&b, relevant)
	sum := md5.Sum([]byte(b.String()))
	return hex.EncodeToString(sum[:]), nil
}

// array is PHP's: keys in their order, and their values.
type array struct {
	keys   []string
	values map[string]any
}

func (a *array) set(key string, value any) {
	if _, known := a.values[key]; !known {
		a.keys = append(a.keys, key)
	}
	a.values[key] = value
}

// isList tells whether PHP takes it for a list: its keys are 0, 1 and so on.
func (a *array) isList() bool {
	for i, key := range a.keys {
		if key != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// decodePHP reads a value as PHP does, which has one type for objects and lists.
func decodePHP(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	open, is := token.(json.Delim)
	if !is {
		return token, nil
	}
	a := &array{values: map[string]any{}}
	for i := 0; decoder.More(); i++ {
		key := strconv.Itoa(i)
		if open == '{' {
			token, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			key, _ = token.(string)
		}
		value, err := decodePHP(decoder)
		if err != nil {
			return nil, err
		}
		a.set(key, value)
	}
	_, err = decoder.Token()
	return a, err
}

// encodePHP writes a value as json_encode does (https://www.php.net/manual/en/function.json-encode.php).
func encodePHP(b *strings.Builder, value any) {
	switch value := value.(type) {
	case *array:
		list := value.isList()
		b.WriteString(map[bool]string{true: "[", false: "{"}[list])
		for i, key := range value.keys {
			if i > 0 {
				b.WriteByte(',')
			}
			if !list {
				quotePHP(b, key)
				b.WriteByte(':')
			}
			encodePHP(b, value.values[key])
		}
		b.WriteString(map[bool]string{true: "]", false: "}"}[list])
	case string:
		quotePHP(b, value)
	case bool:
		b.WriteString(strconv.FormatBool(value))
	case json.Number:
		b.WriteString(numberOfPHP(value.String()))
	default:
		b.WriteString("null")
	}
}

// numberOfPHP writes a number without zeros at the end of a fraction. Very large and very small ones, which PHP
// writes with an exponent, are in no composer.json.
func numberOfPHP(text string) string {
	if number, err := strconv.ParseFloat(text, 64); err == nil && strings.ContainsAny(text, ".eE") {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return text
}

// escaped is what json_encode writes for some letters.
var escaped = map[rune]string{'"': `\"`, '\\': `\\`, '/': `\/`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`,
	'\t': `\t`}

func quotePHP(b *strings.Builder, text string) {
	b.WriteByte('"')
	for _, letter := range text {
		switch written := escaped[letter]; {
		case written != "":
			b.WriteString(written)
		case letter >= 0x10000:
			letter -= 0x10000
			fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+letter>>10, 0xdc00+letter&0x3ff)
		case letter < ' ' || letter > '~' && letter != 0x7f:
			fmt.Fprintf(b, `\u%04x`, letter)
		default:
			b.WriteRune(letter)
		}
	}
	b.WriteByte('"')
}
