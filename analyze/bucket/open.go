// Package bucket reads bundles out of object stores, which are named by URLs (see package
// address), and keeps small objects in them.
//
// Credentials come from the environment of the process, as each store's own tools take
// them. No error repeats what a store or its library says, but for codes and addresses.
package bucket

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path"
	"strconv"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
	gcaws "gocloud.dev/aws"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcp"

	"culprit/analyze/bucket/address"
)

// Stores are the object stores that URLs name. The zero value is ready; any goroutine may
// use it.
type Stores struct {
	// Sleep waits between two tries, or until ctx ends and returns its error; nil is the
	// clock.
	Sleep func(ctx context.Context, d time.Duration) error

	mu   sync.Mutex
	open map[string]*blob.Bucket // by the URL without a key
}

// bucket is that of a location. Credentials are looked for once a bucket.
func (s *Stores) bucket(ctx context.Context, l address.Address) (*blob.Bucket, error) {
	if l.Scheme == "file" {
		root, _ := split(l)
		return fileblob.OpenBucket("/"+root, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := l.With("").String()
	if b := s.open[name]; b != nil {
		return b, nil
	}
	// A token is renewed with the context of the first one.
	open, ctx := openS3, context.WithoutCancel(ctx)
	if l.Scheme == "gs" {
		open = openGS
	}
	b, err := open(ctx, l)
	if err != nil {
		return nil, err
	}
	if s.open == nil {
		s.open = map[string]*blob.Bucket{}
	}
	s.open[name] = b
	return b, nil
}

// split cuts a key into the folder of its bucket and what the bucket calls it: that of a
// file is the folder it is in.
func split(l address.Address) (root, key string) {
	if l.Scheme == "file" {
		return path.Split(l.Key)
	}
	return "", l.Key
}

// emulated reports whether gs:// is what stands for it in tests, which takes no
// credentials.
func emulated() bool { return os.Getenv("STORAGE_EMULATOR_HOST") != "" }

// openS3 makes a client that tries once and logs nothing: Stores tries again.
func openS3(ctx context.Context, l address.Address) (*blob.Bucket, error) {
	general, own := url.Values{}, url.Values{}
	for name, values := range l.Query {
		switch name {
		case "accelerate", "disable_https", "use_path_style", "ssetype", "kmskeyid":
			own[name] = values
		default:
			general[name] = values
		}
	}
	config, err := gcaws.V2ConfigFromURLParams(ctx, general)
	if err != nil {
		return nil, failure{what: l.Name(), why: "a parameter of the URL or AWS' configuration files are wrong", kind: ErrStore}
	}
	config.Logger = logging.Nop{}
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	var bad error
	is := func(name string) bool {
		on, err := strconv.ParseBool(own.Get(name))
		if own.Has(name) && err != nil {
			bad = failure{what: l.Name(), why: name + " is neither true nor false", kind: ErrStore}
		}
		return on
	}
	client := s3.NewFromConfig(config, func(o *s3.Options) {
		o.UseAccelerate, o.UsePathStyle, o.EndpointOptions.DisableHTTPS = is("accelerate"), is("use_path_style"), is("disable_https")
	})
	b, err := s3blob.OpenBucket(ctx, client, l.Bucket, &s3blob.Options{
		EncryptionType: types.ServerSideEncryption(own.Get("ssetype")), KMSEncryptionID: own.Get("kmskeyid"),
		RequestChecksumCalculation: config.RequestChecksumCalculation,
	})
	return b, errors.Join(bad, err)
}

// openGS makes a client that tries once. The opener of gcsblob prints what it finds wrong
// with credentials.
func openGS(ctx context.Context, l address.Address) (*blob.Bucket, error) {
	client := gcp.NewAnonymousHTTPClient(gcp.DefaultTransport())
	if anonymous, _ := strconv.ParseBool(l.Query.Get("anonymous")); !anonymous && !emulated() {
		found, err := gcp.DefaultCredentials(ctx)
		if err == nil {
			client, err = gcp.NewHTTPClient(gcp.DefaultTransport(), found.TokenSource)
		}
		if err != nil {
			return nil, failure{what: l.Name(), why: noCredentials, kind: ErrStore}
		}
	}
	b, err := gcsblob.OpenBucket(ctx, client, l.Bucket, nil)
	if err != nil {
		return nil, failure{what: l.Name(), why: reason(err), kind: ErrStore}
	}
	var c *storage.Client
	if b.As(&c) {
		c.SetRetry(storage.WithMaxAttempts(1))
	}
	return b, nil
}
