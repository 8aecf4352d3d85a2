//go:build !linux

package main

import "errors"

// becomeScript: there is no container node here.
func becomeScript([]string) error {
	return errors.New("collect runs on a Linux node; --script prints the collector")
}
