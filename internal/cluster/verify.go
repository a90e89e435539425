package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dagger/ship/internal/foreign"
	"dagger/ship/internal/helm"
	"dagger/ship/internal/network"
	"dagger/ship/internal/rollout"
	"dagger/ship/internal/tools"
)

// Verification is how a rollout is verified once its pods are ready; the zero value is not at all. It is
// a part of the rollout: both are to be done within the timeout, and until then the revision is
// pending-rollout. If it fails, the rollout has failed. If the run dies, the next one finds the
// revision, and verifies it.
type Verification struct {
	Test   bool   // by the chart's tests: its hooks of the event test
	URL    string // by an address, which must answer; empty: none is asked
	Status int    // with this status; 0: 200
	Answer string // and with this text in the first MiB of its body; empty: with any
}

// of is the verification of a revision that runs a version: {version} stands for that in address and
// answer. It may be another one than this run deploys, since the revision may be of a run that died.
func (v Verification) of(version string) Verification {
	v.URL = strings.ReplaceAll(v.URL, "{version}", version)
	v.Answer = strings.ReplaceAll(v.Answer, "{version}", version)
	return v
}

// Check tells whether the verification can be what somebody means.
func (v Verification) Check() error {
	if v.URL == "" {
		if v.Status != 0 || v.Answer != "" {
			return errors.New("an answer or a status is expected, but of no address: give its url")
		}
		return nil
	}
	u, err := url.Parse(v.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the url is not an address: write it as https://HOST/PATH")
	case u.User != nil:
		return errors.New("the url holds credentials, which would show: name an address that answers without")
	case v.Status != 0 && (v.Status < 200 || v.Status > 599):
		return fmt.Errorf("the status %d is none that a server answers with: write 200 to 599", v.Status)
	}
	return nil
}

// any tells whether there is something to verify.
func (v Verification) any() bool { return v.Test || v.URL != "" }

// verifiedBy says what has verified a revision that runs an image, empty if nothing has.
func (e *Environment) verifiedBy(images helm.Images) string {
	v := e.Verify.of(versionOf(images))
	switch {
	case v.URL != "" && v.Test:
		return ", verified by " + v.URL + " and helm test"
	case v.any():
		return ", verified by " + cmp.Or(v.URL, "helm test")
	}
	return ""
}

// verify tells whether a revision whose pods are ready does what it should. The address comes first: a
// test that goes the same way must not meet pods that are being replaced.
func (e *Environment) verify(
	ctx context.Context, release helm.Release, revision helm.Revision, until time.Time,
) (failure trouble, err error) {
	if e.Verify.URL != "" {
		failure, err = e.awaitAnswer(ctx, e.Verify.of(versionOf(revision.Images(e.Slots))), until)
	}
	if e.Verify.Test && err == nil && failure.words == "" {
		failure, err = e.test(ctx, release, revision, until)
	}
	if err != nil {
		return trouble{}, err
	}
	// it took a while
	if last, err := e.last(ctx); err != nil || last.Number != revision.Number || last.UID != revision.UID {
		return e.taken(last, revision.Number), err
	}
	return failure, nil
}

// awaitAnswer asks the address each second until it answers as it should. If it has answered before, the
// last request counts for nothing that had not its whole time.
func (e *Environment) awaitAnswer(
	ctx context.Context, wanted Verification, until time.Time,
) (failure trouble, err error) {
	lack := ""
	for told := time.Now(); ; {
		start := time.Now()
		limit := max(time.Second, min(e.Deadline, time.Until(until)))
		limited, cancel := context.WithTimeout(ctx, limit)
		answer, err := e.Fetch(limited, wanted.URL)
		silent := err != nil && limited.Err() != nil
		if silent {
			err = errors.New(network.Silence)
		}
		cancel()
		now := e.Redactor.Line(wanted.lack(answer, err, e.Redactor.Line))
		if cut := silent && limit < e.Deadline; !cut || lack == "" {
			lack = now
		}
		switch {
		case ctx.Err() != nil:
			return failure, ctx.Err()
		case now == "":
			return failure, nil
		case !time.Now().Before(until):
			failure = notReady("not verified within %s (see --timeout): %s", e.Timeout, lack)
			failure.asked = true
			return failure, nil
		case time.Since(told) > tellAgain:
			e.say("%s: %s", e.Name, lack)
			told = time.Now()
		}
		if err := network.Sleep(ctx, min(time.Until(until), time.Second-time.Since(start))); err != nil {
			return failure, err
		}
	}
}

// lack says what an answer lacks, or "" if it is as it should be. Safe makes others' words safe to show.
func (v Verification) lack(answer network.Answer, err error, safe func(string) string) string {
	wanted := cmp.Or(v.Status, http.StatusOK)
	switch {
	case err != nil:
		said := err.Error()
		if failed := new(url.Error); errors.As(err, &failed) {
			said = failed.Err.Error()
		}
		return v.URL + ": " + said
	case answer.Status != wanted && answer.Elsewhere != "":
		return fmt.Sprintf("%s leads to %s (%s), and does not answer %s itself", v.URL, answer.Elsewhere,
			status(answer.Status), status(wanted))
	case answer.Status != wanted:
		return fmt.Sprintf("%s answers %s, not %s", v.URL, status(answer.Status), status(wanted))
	case !strings.Contains(answer.Body, v.Answer):
		said := foreign.Cut(safe(answer.Body), maxAnswer)
		return fmt.Sprintf("%s answers %q, without %q in it", v.URL, said, v.Answer)
	}
	return ""
}

// maxAnswer is how many letters are shown of what an address answers.
const maxAnswer = 100

func status(code int) string { return strings.TrimSpace(fmt.Sprint(code, " ", http.StatusText(code))) }

// test runs the chart's tests. If the cluster is in trouble that may pass, it runs them again; if that
// does not pass, nobody knows whether the revision is good, and the error leaves it to the next run.
func (e *Environment) test(
	ctx context.Context, release helm.Release, revision helm.Revision, until time.Time,
) (failure trouble, err error) {
	tests, err := revision.Tests(e.Namespace)
	if err != nil {
		return failure, err
	}
	temporary := false
	_ = network.Retry(ctx, e.Say, func() network.Failure {
		began := time.Now()
		limit := max(time.Second, time.Until(until)).Round(time.Millisecond)
		var answer tools.Answer
		answer, failure.record, err = e.act(ctx, e.Tools.Cluster(), release.Recording(release.TestArgs(limit), tests))
		if err == nil && answer.Code == 0 && strings.TrimSpace(answer.Stdout) != helm.Passed {
			err = errors.New("helm test did not say whether the tests passed")
		}
		if err != nil || answer.Code == 0 {
			failure, temporary = trouble{}, false
			return network.Failure{}
		}
		failure = trouble{words: answer.Failure(), judged: true, tested: true, record: failure.record}
		if time.Since(began) >= limit {
			failure.words = helm.Late(failure.words, e.Timeout, e.Timeout)
		}
		temporary = network.Transient(helm.Own(failure.words)) && time.Now().Before(until)
		return network.Failure{Err: errors.New(failure.said(failure.words)), Temporary: temporary}
	})
	if err == nil && temporary {
		return trouble{}, errors.New(failure.said(failure.words))
	}
	return failure, err
}

// arrived tells whether a revision that nobody waits for any more is ready, and writes that down. If it
// is to be verified, that is done now. Unverified is why it is ready but does not do what it should. The
// error wraps errTaken if another release does the same at this moment.
func (e *Environment) arrived(
	ctx context.Context, release helm.Release, revision helm.Revision,
) (ready bool, unverified string, err error) {
	objects, err := revision.Objects(e.Namespace)
	if err != nil {
		return false, "", nil
	}
	if progress, _, err := e.progress(ctx, rollout.Workloads(objects), 0); err != nil || !progress.Ready {
		return false, "", nil
	}
	if !e.Verify.any() {
		return e.mark(ctx, release.SettleArgs(revision.Number, revision.Claim, e.ID)) == nil, "", nil
	}
	// two tests at the same time would remove each other's pods
	claimed, err := e.claim(ctx, release, revision)
	if err != nil || !claimed {
		return false, "", cmp.Or(err, errTaken)
	}
	e.say("%s: revision %d was left by a run that died, and is ready: verifying it", e.Name, revision.Number)
	failure, err := e.verify(ctx, release, revision, time.Now().Add(e.Timeout))
	switch {
	case err != nil:
		// so that nobody has to wait for its end
		_, _ = e.Tools.Ask(ctx, e.Tools.Cluster(), release.UnclaimArgs(revision.Number, e.ID))
		return false, "", err
	case failure.judged:
		return false, failure.said(failure.words), nil
	case failure.words != "":
		return false, "", errTaken
	}
	claim := release.NewClaim(revision.Number, e.ID)
	return true, "", e.mark(ctx, release.SettleArgs(revision.Number, claim, e.ID))
}
