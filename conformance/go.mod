module modway.test/conformance

go 1.27
