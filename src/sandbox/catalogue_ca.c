#include "catalogue.h"

/* Self-signed, ECDSA P-256, good until 2056; its key was thrown away, so that nothing can be signed
 * with it. What a client does with a CA (decode it, write it to a file, pin it) works as always. */
const char sb_ca_pem[] = "-----BEGIN CERTIFICATE-----\n"
			 "MIIBzDCCAXOgAwIBAgIUUTjb3i9uyp1wcmKmP6oc308g7NIwCgYIKoZIzj0EAwIw\n"
			 "MzEUMBIGA1UECgwLbW9rIHNhbmRib3gxGzAZBgNVBAMMEnNhbmRib3ggcHJvamVj\n"
			 "dCBDQTAgFw0yNjExMjQwNDEzNDdaGA8yMDU2MTExNjA0MTM0N1owMzEUMBIGA1UE\n"
			 "CgwLbW9rIHNhbmRib3gxGzAZBgNVBAMMEnNhbmRib3ggcHJvamVjdCBDQTBZMBMG\n"
			 "ByqGSM49AgEGCCqGSM49AwEHA0IABJcSmEr5RJ6MmeLPZvda3uEJ6VABdeB8ZX/s\n"
			 "84gEumxwAx+9fTar0hZctbA/cx3/60uLGGhLBrEWCx0uFc+QGDmjYzBhMB0GA1Ud\n"
			 "DgQWBBQTTfd1SOSeal76iUL47XmwaOyWvDAfBgNVHSMEGDAWgBQTTfd1SOSeal76\n"
			 "iUL47XmwaOyWvDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIChDAKBggq\n"
			 "hkjOPQQDAgNHADBEAiBfCI6OhE0U9vVBXu+7xbGXcKnhbspLXcJVU/uSTxLSYgIg\n"
			 "MZ5uYOEw2gh5FSdFAUKlKO7Pj1udK/63SmerjpFyR7U=\n"
			 "-----END CERTIFICATE-----\n";
