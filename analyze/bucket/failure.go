package bucket

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"gocloud.dev/gcerrors"

	"culprit/analyze/bucket/address"
)

var (
	// ErrStore says that a store cannot be asked, all tries made: it does not answer, is
	// overloaded, or does not take the credentials. It is no fault of the object, and may
	// be otherwise the next time.
	ErrStore = errors.New("the object store cannot be asked")
	// ErrChanged says that an object is not the one any more whose reading began.
	ErrChanged = errors.New("changed while it was read")
)

const noCredentials = "there are no credentials in the environment, or they cannot be renewed"

// failure is an error of a store in our own words. It does not wrap the library's, whose
// text may have anything in it.
type failure struct {
	what, why string
	// kind is fs.ErrNotExist, fs.ErrPermission, ErrChanged, ErrStore, or nil for what is
	// wrong with one object otherwise.
	kind error
}

func (f failure) Error() string { return f.what + ": " + f.why }
func (f failure) Unwrap() error { return f.kind }

// failed words an error of a store about a location.
func failed(l address.Address, err error) error {
	f := failure{what: l.Name()}
	if errors.As(err, &failure{}) {
		return err
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		f.why, f.kind = "no such object or bucket", fs.ErrNotExist
		if l.Scheme == "gs" { // gcsblob makes both one
			f.why = "no such object or bucket, or it may not be read"
		}
	case gcerrors.PermissionDenied:
		f.why, f.kind = "it may not be read or written with these credentials", fs.ErrPermission
	default:
		f.why, f.kind = reason(err), ErrStore
	}
	var code interface{ ErrorCode() string }
	if errors.As(err, &code) && ofObject.MatchString(code.ErrorCode()) {
		f.kind = nil
	}
	for kind, why := range map[error]string{fs.ErrPermission: "permission denied", fs.ErrNotExist: "no such file"} { // of a folder
		if l.Scheme == "file" && errors.Is(err, kind) {
			f.why, f.kind = why, kind
		}
	}
	return f
}

// ofObject are codes of S3 that say something of one object: it lies in an archive and is
// to be restored first, or its key for encryption is not to be had.
var ofObject = regexp.MustCompile(`^(InvalidObjectState$|KMS\.)`)

// isAbsent reports whether an object is not there, or not for us.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// passes reports whether trying again is of use.
func passes(err error) bool {
	if errors.As(err, &failure{}) {
		return false
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound, gcerrors.PermissionDenied, gcerrors.FailedPrecondition, gcerrors.InvalidArgument, gcerrors.Unimplemented:
		return false
	}
	if errors.As(err, new(*fs.PathError)) || lacksCredentials(err) || lacksRegion(err) {
		return false
	}
	status := statusOf(err)
	return status == 0 || status >= 500 || status == 408 || status == 409 || status == 429
}

// reason says why a store failed: codes and addresses, nothing that a store or a library
// wrote.
func reason(err error) string {
	var code interface{ ErrorCode() string }
	var dns *net.DNSError
	var op *net.OpError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	switch status := statusOf(err); {
	case errors.As(err, &code) && isWord(code.ErrorCode()):
		return strings.TrimSpace(fmt.Sprintf("the store answers %s %s", statusText(status), code.ErrorCode()))
	case status != 0:
		return "the store answers " + statusText(status)
	case lacksCredentials(err):
		return noCredentials
	case lacksRegion(err):
		return "no region, or one that is none: ?region= or $AWS_REGION says it, ?endpoint= where it is not AWS"
	case errors.As(err, &dns):
		return fmt.Sprintf("no address of %s is found", dns.Name)
	case errors.As(err, &unknown), errors.As(err, &host):
		return "its certificate is not trusted"
	case errors.As(err, &op) && op.Addr != nil:
		return fmt.Sprintf("%s %s: %s", op.Op, op.Addr, sysReason(op.Err))
	case errors.Is(err, errStalled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer in %s", patience)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was dropped"
	}
	return fmt.Sprintf("it failed in a way that is not known (%T)", innermost(err))
}

// sysReason is the text of what the system says, "" of anything else.
func sysReason(err error) string {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err.Error()
	}
	return "failed"
}

// statusOf is the HTTP status that a store answered with, 0 none.
func statusOf(err error) int {
	var aws interface{ HTTPStatusCode() int }
	var google interface{ HTTPCode() int }
	switch {
	case errors.As(err, &aws):
		return aws.HTTPStatusCode()
	case errors.As(err, &google):
		return max(google.HTTPCode(), 0)
	}
	return 0
}

func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return fmt.Sprint(status)
}

// lacksCredentials reports whether a request was not even signed. The library has a type
// for each way in which that happens, and one wording.
func lacksCredentials(err error) bool {
	text := err.Error()
	return strings.Contains(text, "get credentials") || strings.Contains(text, "retrieve credentials") || strings.Contains(text, "oauth2:")
}

// lacksRegion reports whether it was not even known where to send a request.
func lacksRegion(err error) bool { return strings.Contains(err.Error(), "endpoint rule error") }

// isWord reports whether a code of a store is one, "SlowDown", and no text.
func isWord(code string) bool {
	const longest = 60
	return code != "" && len(code) < longest && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.") == ""
}

func innermost(err error) error {
	for {
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			if len(e.Unwrap()) == 0 {
				return err
			}
			err = e.Unwrap()[0]
		default:
			return err
		}
	}
}

// waits are those between tries. The first one is for a connection that was dropped, the
// last ones for a store that is overloaded; who waits longer is the scheduler that starts
// a shard again.
var waits = []time.Duration{0, time.Second / 2, 2 * time.Second, 8 * time.Second}

// patience is how long a store may keep silent.
const patience = time.Minute

var errStalled = errors.New("stalled")

// tried does what may pass until it does, a few times. The error is that of ctx, or a
// failure.
func (s *Stores) tried(ctx context.Context, l address.Address, do func(context.Context) error) error {
	for n := 0; ; n++ {
		within, stop := context.WithTimeout(ctx, patience)
		err := do(within)
		stop()
		if err == nil || ctx.Err() != nil {
			return ctxOr(ctx, err)
		}
		if n == len(waits) || !passes(err) {
			return failed(l, err)
		}
		if err := s.sleep(ctx, waits[n]); err != nil {
			return err
		}
	}
}

// ctxOr is nil where err is, else the error of ctx.
func ctxOr(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return ctx.Err()
}

func (s *Stores) sleep(ctx context.Context, d time.Duration) error {
	if s.Sleep != nil {
		return s.Sleep(ctx, d)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
