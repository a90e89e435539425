package version

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Level is how much a change raises a version.
type Level int

// The levels, the lowest first.
const (
	NoLevel Level = iota // raises nothing
	Patch
	Minor
	Major
)

var levels = []string{"none", "patch", "minor", "major"}

func (l Level) String() string { return levels[l] }

// LevelOf is the level of a name.
func LevelOf(name string) (Level, bool) {
	for level, called := range levels {
		if called == name && level > 0 {
			return Level(level), true
		}
	}
	return NoLevel, false
}

var (
	numbered = regexp.MustCompile(`^([vV]?(?:[0-9]+!)?)([0-9]+(?:\.[0-9]+)*)(.*)$`)
	// word is what Java's projects end final versions with: 1.4.0.RELEASE, 33.0-jre.
	word        = regexp.MustCompile(`^[.-][A-Za-z]+$`)
	buildNumber = regexp.MustCompile(`^\+([0-9]{1,15})$`)
)

// highestFirst is the highest first number that is not taken for a year.
const highestFirst = 999

// Final is the version without what makes it a pre-release or one that is still worked on.
func (v Version) Final() (Version, error) {
	text, is := v.Development()
	if !is && !v.Prerelease() {
		return v, nil
	}
	if !is {
		text = v.Text
	}
	if final, err := Parse(v.Scheme, text); err == nil && !final.Prerelease() {
		return final, nil
	}
	found := numbered.FindStringSubmatch(text)
	if found == nil {
		return Version{}, fmt.Errorf("nobody could tell which final version %s leads to: it begins with no number",
			v.Text)
	}
	return Parse(v.Scheme, found[1]+found[2]+numberOfBuild(v.Scheme, text, 0))
}

// numberOfBuild is the build number of a version of pub's, raised, which counts there; of any other scheme's
// it is empty.
func numberOfBuild(scheme Scheme, text string, by int) string {
	at := strings.IndexByte(text, '+')
	if scheme != Pub || at < 0 {
		return ""
	}
	found := buildNumber.FindStringSubmatch(text[at:])
	if found == nil {
		return ""
	}
	number, _ := strconv.Atoi(found[1])
	return "+" + strconv.Itoa(number+by)
}

// Raise returns the version that follows a final one by changes of a level. It has as many numbers, or
// as many more as the level needs. What is said behind the numbers goes, except for a build number of pub's,
// which is raised too, and a word of Java's. Rule is empty, or says why less is raised than the level says.
func (v Version) Raise(level Level) (next Version, rule string, err error) {
	found := numbered.FindStringSubmatch(v.Text)
	if found == nil {
		return Version{}, "", fmt.Errorf("%s begins with no number: raise it yourself", v.Text)
	}
	var numbers []int
	for text := range strings.SplitSeq(found[2], ".") {
		number, err := strconv.Atoi(text)
		if err != nil || len(text) > 9 {
			return Version{}, "", fmt.Errorf("%s has a number that is too long: raise it yourself", v.Text)
		}
		numbers = append(numbers, number)
	}
	if numbers[0] > highestFirst {
		return Version{}, "", fmt.Errorf("%s looks like a date, which changes do not raise: set the next one "+
			"yourself", v.Text)
	}
	if level == Major && numbers[0] == 0 {
		level, rule = Minor, "below 1.0.0 a breaking change raises the second number"
	}
	place := int(Major - level)
	for len(numbers) <= place {
		numbers = append(numbers, 0)
	}
	numbers[place]++
	clear(numbers[place+1:])
	var texts []string
	for _, number := range numbers {
		texts = append(texts, strconv.Itoa(number))
	}
	behind := numberOfBuild(v.Scheme, v.Text, 1)
	if (v.Scheme == Maven || v.Scheme == Gradle) && word.MatchString(found[3]) {
		behind = found[3]
	}
	next, err = Parse(v.Scheme, found[1]+strings.Join(texts, ".")+behind)
	if err == nil && next.Compare(v) <= 0 {
		err = fmt.Errorf("no version above %s is known: raise it yourself", v.Text)
	}
	return next, rule, err
}
