// Package address reads the URLs that name objects in stores:
//
//	s3://bucket/prefix?region=eu-west-1     S3, or with ?endpoint= what speaks its protocol
//	gs://bucket/prefix                      Google Cloud Storage
//	file:///folder                          the same over a folder
//
// A URL that has credentials is refused.
package address

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// parameters are what a URL may say, by scheme: where a bucket is and how it is spoken to.
// No credential is among them.
var parameters = map[string][]string{
	"s3": {"accelerate", "anonymous", "disable_https", "dualstack", "endpoint", "fips", "hostname_immutable", "kmskeyid", "profile", "rate_limiter_capacity",
		"region", "request_checksum_calculation", "response_checksum_validation", "role", "ssetype", "use_path_style"},
	"gs":   {"anonymous"},
	"file": nil,
}

var (
	urlForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// IsURL reports whether a source is a URL, of whatever scheme, and no path.
func IsURL(source string) bool { return urlForm.MatchString(source) }

// Clean is a URL in the one form that names it: what was escaped without need is not, and
// parameters are in order. They stay, since without its endpoint and region another
// machine does not find the bucket.
func Clean(source string) (string, error) {
	l, err := Parse(source)
	if err != nil {
		return "", err
	}
	return l.String(), nil
}

// File is the path that a file:// URL names; false of a URL of another scheme.
func File(source string) (string, bool, error) {
	l, err := Parse(source)
	return filepath.FromSlash("/" + l.Key), l.Scheme == "file", err
}

// Address is what a URL names: an object, or what is below it.
type Address struct {
	Scheme, Bucket, Key string // the key of a file is its path below /
	Query               url.Values
}

// Parse reads a URL. Its errors do not repeat it: whatever is wrong with it may be a
// secret.
func Parse(source string) (Address, error) {
	u, err := url.Parse(source)
	if err != nil {
		return Address{}, errors.New("a URL that cannot be read: want scheme://bucket/path?parameters, with %23 for # and %3F for ? in names")
	}
	known, ok := parameters[u.Scheme]
	switch {
	case !ok:
		return Address{}, errors.New("a URL of none of the schemes s3://, gs:// and file://")
	case u.User != nil:
		return Address{}, errCredentials
	case u.Fragment != "" || strings.Contains(source, "#"):
		return Address{}, errors.New("a URL with a #: want %23 where a name has one")
	}
	l := Address{Scheme: u.Scheme, Bucket: u.Host, Key: strings.TrimPrefix(u.Path, "/")}
	if l.Query, err = url.ParseQuery(u.RawQuery); err != nil {
		return Address{}, errors.New("a URL whose parameters cannot be read")
	}
	for name, values := range l.Query {
		switch has := slices.Contains(known, name); {
		case !has && secret.MatchString(name):
			return Address{}, errCredentials
		case !has || len(values) != 1:
			return Address{}, fmt.Errorf("a %s:// URL with a parameter that it does not have, or twice: there are %q", l.Scheme, known)
		}
	}
	if err := checkEndpoint(l.Query.Get("endpoint")); err != nil {
		return Address{}, err
	}
	if l.Scheme == "file" {
		return l.file()
	}
	if !bucketName.MatchString(l.Bucket) {
		return Address{}, fmt.Errorf("a %s:// URL without the name of a bucket", l.Scheme)
	}
	return l, nil
}

// secret are names of parameters of signed URLs and of what people put into URLs.
var secret = regexp.MustCompile(`(?i)^x-(amz|goog)-|key|secret|token|signature|password|credential`)

var errCredentials = errors.New("a URL with credentials: they are taken from the environment (AWS_ACCESS_KEY_ID and others, a profile, a role; GOOGLE_APPLICATION_CREDENTIALS), never from a URL")

func checkEndpoint(text string) error {
	if text == "" {
		return nil
	}
	switch u, err := url.Parse(text); {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("a URL whose endpoint is no http:// or https:// URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errCredentials
	}
	return nil
}

// file is the address of a file:// URL.
func (l Address) file() (Address, error) {
	if l.Bucket != "" && l.Bucket != "localhost" {
		return Address{}, errors.New("a file:// URL of another host: want file:///folder")
	}
	l.Bucket, l.Key = "", path.Clean("/" + l.Key)[1:]
	return l, nil
}

// String is the URL.
func (l Address) String() string {
	return (&url.URL{Scheme: l.Scheme, Host: l.Bucket, Path: "/" + l.Key, RawQuery: l.Query.Encode()}).String()
}

// Name is the URL without parameters, for people.
func (l Address) Name() string {
	l.Query = nil
	return l.String()
}

// With is the address of another key of the same bucket.
func (l Address) With(key string) Address {
	l.Key = key
	return l
}
