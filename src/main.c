#include "cli/cli.h"

int main(int argc, char **argv)
{
	return mok_cli_main(argc, argv);
}
