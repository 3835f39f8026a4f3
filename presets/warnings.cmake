# The warning set of every target of ours, as an interface library.
add_library(mok_warnings INTERFACE)
target_compile_definitions(mok_warnings INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_compile_options(mok_warnings INTERFACE
	-Wall -Wextra -Wpedantic -Wshadow -Wformat=2 -Wconversion -Wsign-conversion
	-Wstrict-prototypes -Wmissing-prototypes -Wundef -Wcast-qual -Wwrite-strings -Wvla
	-Wswitch-enum -Wdouble-promotion -Wnull-dereference
	-fno-common -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	target_compile_options(mok_warnings INTERFACE -Wlogical-op -Wduplicated-cond
		-Wduplicated-branches -Wjump-misses-init -Walloca)
elseif(CMAKE_C_COMPILER_ID STREQUAL "Clang")
	target_compile_options(mok_warnings INTERFACE
		-Wcomma -Wshorten-64-to-32)
endif()
if(MOK_WERROR)
	target_compile_options(mok_warnings INTERFACE -Werror)
endif()
if(MOK_ASAN)
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
		-fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
else()
	target_compile_options(mok_warnings INTERFACE
		$<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2 -fstack-clash-protection>)
	add_link_options(-Wl,-z,relro,-z,now)
endif()
