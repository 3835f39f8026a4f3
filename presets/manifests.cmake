# Base manifests as values, read when mok is built: src/mastodon/manifests/NAME.yaml becomes
# { "NAME", value }; values/NAME.yaml, for a chart, { "values-NAME", value }.
file(GLOB manifest_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/mastodon/manifests/*.yaml
	${CMAKE_SOURCE_DIR}/src/mastodon/values/*.yaml)
if(manifest_files AND TARGET mok_mastodon)
	add_executable(embed_manifests presets/embed_manifests.c)
	target_link_libraries(embed_manifests PRIVATE mok_plan mok_warnings)
	add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/generated/manifests.c
		COMMAND embed_manifests ${CMAKE_BINARY_DIR}/generated/manifests.c ${manifest_files}
		DEPENDS embed_manifests ${manifest_files} VERBATIM)
	target_sources(mok_mastodon PRIVATE ${CMAKE_BINARY_DIR}/generated/manifests.c)
endif()
