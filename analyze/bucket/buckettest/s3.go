// Package buckettest is an S3 server on loopback for tests, and what can go wrong between
// it and who reads.
package buckettest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Name is the bucket that there is; Secret the key that is in the environment, which
// nothing may print.
const (
	Name   = "incidents"
	Secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
)

// Server is the S3 server of a test.
type Server struct {
	t        testing.TB
	backend  *s3mem.Backend
	endpoint string

	mu     sync.Mutex
	faults []Fault
	asked  []string
}

// Fault answers a request, or returns false to leave it to others and to the store.
type Fault func(w http.ResponseWriter, r *http.Request, store http.Handler) bool

// New starts a server, and puts credentials into the environment. A request that fails is
// tried once by the library, and not again.
func New(t testing.TB) *Server {
	s := &Server{t: t, backend: s3mem.New()}
	store := gofakes3.New(s.backend, gofakes3.WithLogger(nil)).Server()
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, fault := range s.note(r) {
			if fault(w, r, store) {
				return
			}
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(at.Close)
	s.endpoint = at.URL
	if err := s.backend.CreateBucket(Name); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": Secret, "AWS_SESSION_TOKEN": "token-" + Secret,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_REGION": "", "AWS_PROFILE": ""} {
		if t, ok := t.(interface{ Setenv(name, value string) }); ok {
			t.Setenv(name, value)
		}
	}
	return s
}

// note keeps what was asked and returns the faults of now.
func (s *Server) note(r *http.Request) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
	return s.faults
}

// Asked are the requests since the last call: method, path, range.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// Break adds faults; without any it takes all away.
func (s *Server) Break(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults = append(s.faults, faults...); len(faults) == 0 {
		s.faults = nil
	}
}

// URL is that of a key.
func (s *Server) URL(key string) string {
	return fmt.Sprintf("s3://%s/%s?disable_https=true&endpoint=%s&region=us-east-1&use_path_style=true", Name, (&url.URL{Path: key}).EscapedPath(), url.QueryEscape(s.endpoint))
}

// Put makes or replaces an object.
func (s *Server) Put(key string, content []byte) {
	s.t.Helper()
	meta := map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	if _, err := s.backend.PutObject(Name, key, meta, bytes.NewReader(content), int64(len(content)), nil); err != nil {
		s.t.Fatal(err)
	}
}

// Delete takes an object away.
func (s *Server) Delete(key string) {
	s.t.Helper()
	if _, err := s.backend.DeleteObject(Name, key); err != nil {
		s.t.Fatal(err)
	}
}

// Keys are those of all objects, in order.
func (s *Server) Keys() (keys []string) {
	s.t.Helper()
	list, err := s.backend.ListBucket(Name, nil, gofakes3.ListBucketPage{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range list.Contents {
		keys = append(keys, o.Key)
	}
	return keys
}

// Get is the content of an object.
func (s *Server) Get(key string) []byte {
	s.t.Helper()
	o, err := s.backend.GetObject(Name, key, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer o.Contents.Close()
	content, err := io.ReadAll(o.Contents)
	if err != nil {
		s.t.Fatal(err)
	}
	return content
}

// next is whether a request is one of the next n of a method for a key, "" the bucket.
func next(n int, method, key string) func(*http.Request) bool {
	var mu sync.Mutex
	return func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if n == 0 || r.Method != method || strings.Trim(r.URL.Path, "/") != strings.Trim(Name+"/"+key, "/") {
			return false
		}
		n--
		return true
	}
}

// Answers answers the next n requests of a method for a key with a status and S3's code
// for it.
func Answers(n int, method, key string, status int, code string) Fault {
	is := next(n, method, key)
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !is(r) {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s is wrong</Message><AWSAccessKeyId>%s</AWSAccessKeyId></Error>", code, Secret, Secret)
		return true
	}
}

// Drops ends the connection after so many bytes of the next n answers with the object.
// Then, if set, is called.
func Drops(n int, key string, after int, then func()) Fault {
	is := next(n, http.MethodGet, key)
	return func(w http.ResponseWriter, r *http.Request, store http.Handler) bool {
		if !is(r) {
			return false
		}
		whole := httptest.NewRecorder()
		store.ServeHTTP(whole, r)
		for name, values := range whole.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
		w.WriteHeader(whole.Code)
		w.Write(whole.Body.Bytes()[:min(after, whole.Body.Len())])
		w.(http.Flusher).Flush()
		if then != nil {
			then()
		}
		panic(http.ErrAbortHandler)
	}
}
