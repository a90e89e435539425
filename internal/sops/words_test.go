package sops

import "testing"

// without is what SOPS 3.13.3 says that has no key.
const without = `Failed to get the data key required to decrypt the SOPS file.

Group 0: FAILED
  age1pt63: FAILED
    - | failed to load age identities. Did not find keys in
      | locations 'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', and
      | '/root/.config/sops/age/keys.txt'.
  
  age1q: FAILED
    - | failed to load age identities. Did not find keys in
      | locations 'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', and
      | '/root/.config/sops/age/keys.txt'.
  
  arn:aws:kms:us-east-1:6565:key/920a: FAILED
    - | failed to decrypt sops data key with AWS KMS: operation
      | error KMS: Decrypt, dial tcp 10.0.0.1:443: connect: connection
      | refused
    
    - | and another

Recovery failed because no master key was able to decrypt the file. In
order for SOPS to recover the file, at least one key has to be successful,
but none were.
`

func TestFailure(t *testing.T) {
	t.Parallel()
	const before = ": somebody changed or merged it without SOPS: take the file of before, and change that with " +
		"`sops edit`"
	for _, c := range []struct {
		code        int
		words, want string
	}{
		{128, without, "SOPS has no key for it: age1pt63, age1q: failed to load age identities. Did not find keys in " +
			"locations 'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', and '/root/.config/sops/age/keys.txt'; " +
			"arn:aws:kms:us-east-1:6565:key/920a: failed to decrypt sops data key with AWS KMS: operation error KMS: " +
			"Decrypt, dial tcp 10.0.0.1:443: connect: connection refused and another: give its key as one of the " +
			"environment's credentials, as SOPS_AGE_KEY"},
		{128, "in other\nwords\n", "SOPS has no key for it: in other words: give its key as one of the environment's " +
			"credentials, as SOPS_AGE_KEY"},
		{51, "MAC mismatch\n", "it is not as SOPS wrote it: MAC mismatch" + before},
		{25, "Error decrypting tree: Error walking tree: Could not decrypt value\n", "it is not as SOPS wrote it: " +
			"Error decrypting tree: Error walking tree: Could not decrypt value" + before},
		{127, "sh: sops: not found\n", "sh: sops: not found"},
		{137, "", "SOPS ended with exit code 137 and said nothing"},
	} {
		if got := Failure(c.code, c.words); got != c.want {
			t.Errorf("%d, %.30s:\n got %s\nwant %s", c.code, c.words, got, c.want)
		}
	}
}
