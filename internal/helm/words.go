package helm

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Words of Helm's are looked for at the places where Helm puts them: what an object is called, what
// it holds and what a program in it says may have the same words.

// Taken is what Ship says if what it looked at is not the last revision any more when it acts.
const Taken = "another operation came in between"

// Failure is what to say of a program that ended with an exit code other than 0: what Helm said
// went wrong, or that it ended, if it was killed before it could say anything.
func Failure(exitCode int, stderr string) string {
	cause := withoutDumps(Cause(stderr))
	if cause == "Killed" || cause == "Terminated" { // as a shell says of a program that it ran
		cause = ""
	}
	return cmp.Or(cause, fmt.Sprintf("it ended with exit code %d and said nothing", exitCode))
}

var errorLine = regexp.MustCompile(`(?ms)^Error: (.*)`)

// Cause returns what Helm said went wrong, without what it warned of before.
func Cause(stderr string) string {
	if found := errorLine.FindStringSubmatch(stderr); found != nil {
		stderr = found[1]
	}
	return strings.TrimSpace(stderr)
}

// failed is what Helm says first of an upgrade or install.
const failed = `^(?:(?:UPGRADE|INSTALLATION) FAILED: )?`

// Locked recognizes that another operation holds the release: Helm refuses to begin, or finds its
// next revision taken.
func Locked(cause string) bool { return locked.MatchString(cause) }

var locked = regexp.MustCompile(failed + `(?:another operation \(install/upgrade/rollback\) is in progress|` +
	`release: already exists|cannot re-?use a name that is still in use|` +
	`(?:execution error at \(\S+/` + regexp.QuoteMeta(ComparePath) + `:\d+:\d+\): )?` + Taken + `\b)`)

// NamespaceMissing recognizes that the release's namespace is not there.
func NamespaceMissing(cause, namespace string) bool {
	return strings.HasSuffix(": "+cause, fmt.Sprintf(": namespaces %q not found", namespace))
}

// Terminating recognizes that the release's namespace is being removed, and nothing can be made in it
// until it is gone.
func Terminating(cause, namespace string) bool {
	return strings.HasSuffix(cause, ": unable to create new content in namespace "+namespace+
		" because it is being terminated")
}

// KindsGone recognizes that what runs holds kinds that the cluster has no more.
func KindsGone(cause string) bool { return kindsGone.MatchString(cause) }

var kindsGone = regexp.MustCompile(failed + `(?:unable to build kubernetes objects from current release manifest|` +
	`current release manifest contains removed kubernetes api)`)

// Missing recognizes Helm's word that there is no such release.
func Missing(stderr string) bool { return missing.MatchString(stderr) }

var missing = regexp.MustCompile(`(?m)^Error: (?:[^"\n]*: )?release: not found$`)

// hooks is what Helm says before what went wrong with a hook, from Helm 3 with the number of errors.
const hooks = `(?:(?:pre|post)-\w+ hooks failed: |failed (?:pre|post)-\w+: )?(?:\d+ errors? occurred:\s+\* )?`

// overdue is what Helm says if its time is over: by itself, or as it was told to end.
const overdue = `context deadline exceeded|context canceled|timed out waiting for the condition|` +
	`client rate limiter Wait returned an error: [^\n]*`

// Waited tells whether Helm failed because pods or hooks did not become ready, and not because
// something was refused to it before that.
func Waited(cause string) bool { return waited.MatchString(cause) }

var waited = regexp.MustCompile(failed + hooks + `(?:resource \S+ (?:not ready|still exists)\. status: |` +
	`(?:job|pod) \S+ failed|(?:` + overdue + `)(?:\n|$)|not done within )`)

// Late is what to say of an operation that failed with these words after a time: if it was because
// its time was over, it says so.
func Late(words string, took, timeout time.Duration) string {
	if took < timeout {
		return words
	}
	words = silent.ReplaceAllString(words, "context canceled")
	return late.ReplaceAllString(words, "${1}not done within "+timeout.String()+" (see --timeout)")
}

var (
	silent = regexp.MustCompile(`^it ended with exit code (?:124|137|143) and said nothing$`) // ended by Bounded
	late   = regexp.MustCompile(`(?m)(` + failed + hooks + `)(?:` + overdue + `)$`)
)

// NotDone is what Late said of an operation whose time was over, or whoever waited for its pods; empty
// if it was not.
func NotDone(words string) string {
	if found := notDone.FindStringSubmatch(words); found != nil {
		return found[1]
	}
	return ""
}

var notDone = regexp.MustCompile(`(?m)` + failed + hooks +
	`(not (?:done|ready) within [0-9hms.]+ \(see --timeout\))(?::|$)`)

// Own is what Helm or kubectl say themselves of a failure, without what they only pass on: names and
// values in quotes, and what templates, webhooks, programs and the states of objects say.
func Own(words string) string {
	return passedOn.ReplaceAllString(quoted.ReplaceAllString(withoutDumps(words), `""`), "")
}

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"`)
	passedOn = regexp.MustCompile(`(?s)(?:(?:not ready|still exists)\. status: |denied the request: |` +
		`(?:execution|parse) error (?:at|in) |\btemplate: \S+:\d+|error converting YAML to JSON: |it printed last:).*`)
)

// tooLong is from how many letters on a value is no help to who reads it.
const tooLong = 80

// badValue is how Kubernetes begins to show a value that it does not take.
var badValue = regexp.MustCompile(`((?:Invalid|Unsupported|Duplicate) value): `)

// withoutDumps is what Kubernetes said without the values that it prints whole, as a job's template
// that cannot be changed.
func withoutDumps(words string) string {
	var short strings.Builder
	for {
		found := badValue.FindStringSubmatchIndex(words)
		if found == nil {
			break
		}
		start := found[1]
		bracket := start + len(typeInGo.FindString(words[start:]))
		length, whole := enclosed(words[bracket:])
		if !whole {
			break
		}
		end := bracket + length
		switch after, more := strings.CutPrefix(words[end:], ": "); {
		case end-start < tooLong:
			short.WriteString(words[:end])
			words = words[end:]
		case more:
			short.WriteString(words[:found[0]])
			words = after
		default:
			short.WriteString(words[:found[3]])
			words = after
		}
	}
	return short.String() + words
}

// typeInGo is what may come before the bracket that a value begins with.
var typeInGo = regexp.MustCompile(`^(?:\[\]|\*|&|map\[\w+\])*[\w.]*`)

// enclosed is the length of the value in brackets or quotation marks that the text begins with, 0 if
// it begins with something else. Whole is false if the value does not end.
func enclosed(text string) (length int, whole bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			depth--
		case '"':
			literal := quotedFirst.FindString(text[i:])
			if literal == "" {
				return 0, false
			}
			i += len(literal) - 1
		default:
			if depth == 0 {
				return 0, true
			}
		}
		if depth <= 0 {
			return i + 1, true
		}
	}
	return 0, text == ""
}

var quotedFirst = regexp.MustCompile(`^"(?:[^"\\\n]|\\.)*"`)
