package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestFileTimes: an image's files have the times that the build gave them, so that what notes or compares those finds
// them right: Python's bytecode, and what make made.
func TestFileTimes(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.Settings["environments"] = "production=" + a.Name + "-production"
	a.write("Dockerfile", `FROM python:3.11-slim
WORKDIR /app
COPY pyproject.toml .
COPY src src
RUN cp -r src made && python3 -m compileall -q made && sleep 1 && touch built
ENV PYTHONPATH=/app/made
USER 10001:10001
CMD ["sh", "-c", "`+
		`python3 -v -c 'import greeter' 2>&1 | grep -E 'stale|matches /app'; test built -nt made && echo newer; `+
		`exec python3 -m greeter"]
`)
	a.commit("compile while the image is built")
	a.release("released")
	var log string
	for range 20 {
		log = a.kubectl("logs", "--namespace="+a.Name+"-production", "deployment/"+a.Name)
		if strings.Contains(log, "newer") {
			break
		}
		time.Sleep(time.Second)
	}
	if strings.Contains(log, "stale") || !strings.Contains(log, "matches /app/made/greeter") ||
		!strings.Contains(log, "newer") {
		t.Errorf("the files' times are not the build's:\n%s", log)
	}
}
