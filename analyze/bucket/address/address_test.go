package address_test

import (
	"strings"
	"testing"

	"culprit/analyze/bucket/address"
)

func TestClean(t *testing.T) {
	for source, want := range map[string]string{
		"s3://bkt": "s3://bkt/",
		"s3://bkt/a/?region=x&endpoint=http://127.0.0.1:9000": "s3://bkt/a/?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=x",
		"s3://bkt/%61%20%23?region=x":                         "s3://bkt/a%20%23?region=x",
		"s3://bkt//a/../b":                                    "s3://bkt//a/../b", // keys have no parents
		"gs://bkt/a?anonymous=true":                           "gs://bkt/a?anonymous=true",
		"file:///a/../b c/":                                   "file:///b%20c",
		"file://localhost/a":                                  "file:///a",
	} {
		got, err := address.Clean(source)
		if got != want || err != nil || !address.IsURL(source) {
			t.Errorf("%s: %q, %v; want %q", source, got, err, want)
		}
		if again, err := address.Clean(got); again != got || err != nil {
			t.Errorf("%s: again %q, %v", got, again, err)
		}
	}
	for _, path := range []string{"a.tar", "/a", "s3:/bkt", "s3", "a/b://c", "-", "@list", "../x:y"} {
		if address.IsURL(path) {
			t.Errorf("%q is a URL", path)
		}
	}
}

// What is refused is not repeated.
func TestRefused(t *testing.T) {
	for source, want := range map[string]string{
		"s3://AKIAX:SECRET@bkt/a":                 "credentials",
		"s3://SECRET@bkt/a":                       "credentials",
		"s3://AKIAX:SECRET/a":                     "cannot be read",
		"s3://bkt/a?X-Amz-Signature=SECRET":       "credentials",
		"s3://bkt/a?x-amz-security-token=SECRET":  "credentials",
		"s3://bkt/a?AWSAccessKeyId=SECRET":        "credentials",
		"s3://bkt/a?secret=SECRET":                "credentials",
		"gs://bkt/a?private_key_path=SECRET":      "credentials",
		"gs://bkt/a?access_id=SECRET":             "that it does not have",
		"s3://bkt/a?SECRET":                       "credentials",
		"s3://bkt/a?akiaxyz":                      "that it does not have",
		"s3://bkt/a?region=SECRET&region=b":       "or twice",
		"s3://bkt/a?endpoint=http://u:SECRET@h":   "credentials",
		"s3://bkt/a?endpoint=http://h?SECRET":     "credentials",
		"s3://bkt/a?endpoint=SECRET":              "no http",
		"s3://bkt/a?%zz=SECRET":                   "parameters cannot be read",
		"s3://bkt/a#SECRET":                       "with a #",
		"s3:///SECRET":                            "without the name of a bucket",
		"s3://b:9/SECRET":                         "without the name of a bucket",
		"https://bkt.s3.amazonaws.com/a?X=SECRET": "none of the schemes",
		"file://SECRET/a":                         "of another host",
		"file:///a?metadata=SECRET":               "that it does not have",
	} {
		got, err := address.Clean(source)
		if err == nil || got != "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET") || strings.Contains(strings.ToLower(err.Error()), "akiax") {
			t.Errorf("%s: %q, %v; want %q", source, got, err, want)
		}
	}
}

// FuzzClean: what Clean returns names the same, and is never refused.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"s3://b/a?region=x", "gs://b", "file:///a b", "s3://b//%2e%2e/?region=%26", "s3://b/%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		once, err := address.Clean(source)
		if err != nil {
			return
		}
		if twice, err := address.Clean(once); twice != once || err != nil {
			t.Errorf("%q: %q, then %q, %v", source, once, twice, err)
		}
	})
}
