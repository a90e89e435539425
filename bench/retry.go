package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"dagger/ship/e2e/bed"
)

// retries measures a release that is finished after one that was killed, beside an undisturbed one's steps that were
// missing, and a look.
func (b *bench) retries(ctx context.Context) (string, error) {
	app, err := b.newDeployed("retried", []string{"test", "production"}, ",")
	if err != nil {
		return "", err
	}
	points := []string{"build", "tag", "publish", "deploy test"}
	results := map[string][]sample{}
	missing := map[string][]sample{}
	for turn := -1; turn < b.runs; turn++ {
		whole, ended, err := b.watched(ctx, app, "")
		if err != nil {
			return "", err
		}
		look := new(meter)
		if err := look.ship(ctx, app, "nothing to do", "release"); err != nil {
			return "", err
		}
		for _, point := range points {
			if _, _, err := b.watched(ctx, app, point); err != nil {
				return "", err
			}
			m := new(meter)
			outcome := ": resumed"
			if point == "build" {
				outcome = ": released"
			}
			if err := m.ship(ctx, app, outcome, "release"); err != nil {
				return "", fmt.Errorf("the retry after %s: %w", point, err)
			}
			b.say("  after %-20s %v; missing %v, look %v", point, m.took.Round(time.Millisecond),
				(whole - ended[point]).Round(time.Millisecond), look.took.Round(time.Millisecond))
			if turn >= 0 {
				results[point] = append(results[point], m.sample)
				missing[point] = append(missing[point], sample{took: whole - ended[point] + look.took})
			}
		}
	}
	text := "`ship release` to two environments is killed (SIGKILL) as soon as it says that a step has ended, and " +
		"called again on another session. The goal is the time that an undisturbed release of the same turn took " +
		"after that step, and a call with nothing to do. After the build nothing is on any server, so the retry is a " +
		"whole release whose build is cached.\n\n" +
		"| killed after | retry, median | fastest to slowest | missing steps and a look, median | ratio | peak " +
		"memory |\n|---|--:|--:|--:|--:|--:|\n"
	for _, point := range points {
		retry, goal := row{point, results[point]}, row{"", missing[point]}
		least, most := retry.spread()
		text += fmt.Sprintf("| %s | %s | %s to %s | %s | %.2f | %d MB |\n", point, seconds(median(retry.samples, took)),
			seconds(least), seconds(most),
			seconds(median(goal.samples, took)), retry.times(goal), median(retry.samples, func(s sample) int64 {
				return s.memory
			})/1_000_000)
	}
	return text, nil
}

// watched releases a new version, and kills the release as soon as a step has ended. It returns when each step ended,
// from the beginning on, and how long all took.
func (b *bench) watched(ctx context.Context, app *bed.App,
	kill string) (whole time.Duration, ended map[string]time.Duration, err error) {
	if _, err := b.change(app); err != nil {
		return 0, nil, err
	}
	s, err := newSession(ctx, app)
	if err != nil {
		return 0, nil, err
	}
	cmd := app.Command(ctx, "release")
	cmd.Env = append(cmd.Env, s.env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return 0, nil, err
	}
	start, ended := time.Now(), map[string]time.Duration{}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	killed, printed := false, ""
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		printed += lines.Text() + "\n"
		if step, done := strings.CutPrefix(lines.Text(), "  + "); done && !killed {
			name := stepName(step)
			if ended[name] = time.Since(start); name == kill {
				_ = cmd.Process.Kill()
				killed = true
			}
		}
	}
	err = cmd.Wait()
	whole = time.Since(start)
	if killed {
		err = nil
	} else if err != nil || kill != "" {
		err = fmt.Errorf("a release to be killed after %q: %w\n%s", kill, err, printed)
	}
	if end := s.end(); err == nil && end != nil && !killed {
		err = fmt.Errorf("end the session: %w", end)
	}
	return whole, ended, err
}

// stepName is the name in a line of the log: up to 18 characters, and then what was done.
func stepName(line string) string { return strings.TrimSpace(line[:min(len(line), 18)]) }
