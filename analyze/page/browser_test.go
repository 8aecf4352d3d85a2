package page

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"culprit/analyze/fleet"
)

// browser is a tab of a headless Chromium of its own, and what it complained of or asked
// the network for.
type browser struct {
	t    *testing.T
	ctx  context.Context
	name string // how it is looked at

	mu     sync.Mutex
	events []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is missing; .ci/run installs it")
		}
		t.Skip("chromium is missing")
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	b := &browser{t: t}
	b.ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { chromedp.Cancel(b.ctx) }) // closes the browser, and waits for its end
	b.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		for _, enable := range []func() error{
			func() error { _, err := cdp.Call(ctx, tab, network.Enable, network.EnableParams{}); return err },
			func() error { _, err := cdp.Call(ctx, tab, log.Enable, cdp.Empty{}); return err },
			func() error { _, err := cdp.Call(ctx, tab, runtime.Enable, cdp.Empty{}); return err },
		} {
			if err := enable(); err != nil {
				return err
			}
		}
		return nil
	}))
	if err := chromedp.Listen(b.ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	return b
}

// listen notes what a page that is one quiet file does not do.
func (b *browser) listen(event any) {
	said := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "file:") && url != "data:," {
			said = "asks for " + url
		}
	case *log.EventEntryAdded:
		said = "log: " + e.Entry.Text
	case *runtime.EventConsoleAPICalled:
		said = "the console is used"
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
	}
	if said != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, said)
	}
}

// complaints are what was noted so far.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.events)
}

// do acts within a deadline.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for i, a := range actions {
		if err := b.within(func(ctx context.Context) error { return chromedp.Do(ctx, a) }); err != nil {
			b.t.Fatalf("action %d: %v", i, err)
		}
	}
}

// within is a deadline for one action. The first one starts the browser, which would end
// with a context of its own.
func (b *browser) within(act func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- act(b.ctx) }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		return context.DeadlineExceeded
	}
}

// eval is the value of an expression in the page.
func eval[T any](b *browser, expression string) (value T) {
	b.t.Helper()
	if err := b.within(func(ctx context.Context) (err error) {
		value, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression))
		return err
	}); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// look sets the size of the window and whether dark is preferred.
func (b *browser) look(width int64, dark bool) {
	b.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	b.do(chromedp.EmulateViewport(width, 800), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// shows holds the lists that can be seen to their ids, the first of them to the window,
// and the page to the width of the window.
func (b *browser) shows(want string) {
	b.t.Helper()
	if got := eval[string](b, `[...document.querySelectorAll('.span, .list:not(.cause)')].filter(e => e.checkVisibility()).map(e => e.id).join(' ')`); got != want {
		b.t.Errorf("%s: %q is shown, want %q", b.name, got, want)
	}
	const at = "(document.querySelector(':target') ?? document.body).getBoundingClientRect()"
	if top, height := eval[float64](b, at+".top"), eval[float64](b, "innerHeight"); top < 0 || top >= height {
		b.t.Errorf("%s: %q is not in the window: it begins at %v of %v", b.name, want, top, height)
	}
	if over := eval[float64](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		b.t.Errorf("%s: with %q the page is %v px too wide", b.name, want, over)
	}
}

// click clicks what a CSS selector finds and waits for the address to be that of its list.
func (b *browser) click(selector, id string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
	for end := time.Now().Add(20 * time.Second); eval[string](b, "location.hash") != "#"+id; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("%s: a click on %s leads to %s, want #%s", b.name, selector, eval[string](b, "location.hash"), id)
		}
	}
}

// A bar and a cause lead to their incidents and to no others, on a wide and a narrow
// screen, by day and by night.
func TestBrowser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(pageOf(t, storeOf(t, archive()...), fleet.Filter{}, 2)), 0o644); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	papers := map[string]bool{}
	for _, tt := range []struct {
		width int64
		dark  bool
	}{{1280, false}, {1280, true}, {400, false}, {400, true}} {
		b.name = fmt.Sprintf("%d px, dark %t", tt.width, tt.dark)
		b.look(tt.width, tt.dark)
		b.do(chromedp.Navigate("about:blank"), chromedp.Navigate("file://"+file))
		papers[eval[string](b, "getComputedStyle(document.body).backgroundColor")] = tt.dark
		b.shows("")
		if !eval[bool](b, "document.querySelector('.hint').checkVisibility()") {
			t.Errorf("%s: nothing says what to click", b.name)
		}
		b.clickBar()
		b.clickCause()
		b.clickOthers()
	}
	if len(papers) != 2 {
		t.Errorf("by day and night the paper is %v", papers)
	}
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser says: %q", said)
	}
}

// clickBar clicks a cause in one week.
func (b *browser) clickBar() {
	b.t.Helper()
	const id = "c2-20260831"
	b.click(`#chart a[href="#`+id+`"] rect`, id)
	b.shows(id)
	text := eval[string](b, "document.getElementById('"+id+"').innerText")
	for _, want := range []string{"8 bundles", "k8s-n006", "kernel 6.1.0-47-amd64", "containerd 1.6.20, dockerd 20.10.24", "2026-09-03 09:40", "certain", "what filesystem-frozen did to k8s-n006",
		"archive/0040/bundle.tar.zst", "004000000000", "also exec-binary-missing", "6 older ones are left out", "culprit fleet export --csv --store FILE --cause filesystem-frozen --since 2026-08-31 --until 2026-09-07"} {
		if !strings.Contains(text, want) {
			b.t.Errorf("%s: the list of the bar lacks %q:\n%s", b.name, want, text)
		}
	}
}

// clickCause clicks a row of the table: all that is listed of the cause is shown.
func (b *browser) clickCause() {
	b.t.Helper()
	b.click(`#causes a[href="#c2"]`, "c2")
	b.shows("c2-20261019 c2-20260907 c2-20260831 c2-undated")
	b.do(chromedp.Click(chromedp.CSS("#c2-20260907 summary")))
	if text := eval[string](b, "document.getElementById('c2-20260907').innerText"); !strings.Contains(text, "bundle.tar.zst: unexpected EOF") || !strings.Contains(text, "and 1 more node") {
		b.t.Errorf("%s: the damage is not shown:\n%s", b.name, text)
	}
}

// clickOthers clicks the causes without a colour of their own, one of them, all that is
// listed of it, and goes back.
func (b *browser) clickOthers() {
	b.t.Helper()
	const others, one = "o-20261026", "c9-20261026"
	b.click(`#chart a[href="#`+others+`"] rect`, others)
	b.shows(others)
	b.click("#"+others+" ul a", one)
	b.shows(one)
	b.click("#c9 .all", "c9")
	b.click("#c9 .back a", "chart")
	b.shows("")
}
