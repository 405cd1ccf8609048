package main_test

import "os"

// foreignProxy is the GOPROXY that the scripts see: the one under test when FOREIGN_GOPROXY names it, else Go's own test proxy.
func foreignProxy(own string) string {
	if foreign := os.Getenv("FOREIGN_GOPROXY"); foreign != "" {
		return foreign
	}
	return own
}
