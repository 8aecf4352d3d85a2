package host

import "strings"

// isVendorVersion reports whether a version carries the suffix of a distribution,
// as in 20.10.24+dfsg1, 1.6.20~ds1-1+deb12u3, 20.10.7-0ubuntu1 or v1.24.1+k3s1.
// The projects' own suffixes are not such: -ce, -ee-5, -rc2, -beta1, -dev.
func isVendorVersion(v string) bool {
	suffix := strings.TrimLeft(strings.TrimPrefix(v, "v"), "0123456789.")
	for suffix != "" {
		word := strings.TrimLeft(suffix, "-.")
		if word == suffix {
			return true // joined by "+" or "~"
		}
		word, _, _ = strings.Cut(word, "-")
		word, _, _ = strings.Cut(word, ".")
		if word, _, plain := strings.Cut(word, "+"); plain || strings.Contains(word, "~") {
			return true
		}
		switch strings.TrimRight(word, "0123456789") {
		case "ce", "ee", "rc", "beta", "alpha", "tp", "dev":
		case "": // a number is a count of -rc.1, -beta.2 or -ee-5, never alone
			if strings.TrimLeft(strings.TrimPrefix(v, "v"), "0123456789.") == suffix {
				return true
			}
		default:
			return true
		}
		suffix = strings.TrimLeft(suffix, "-.")[len(word):]
	}
	return false
}

// isVersion reports whether s looks like a version and not like a commit id,
// which docker info prints for containerd where it knows no better.
func isVersion(s string) bool {
	s = strings.TrimPrefix(s, "v")
	major, _, ok := strings.Cut(s, ".")
	return ok && isDigits(major)
}
