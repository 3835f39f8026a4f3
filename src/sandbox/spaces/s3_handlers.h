/* The handlers of the operations in s3_ops.c, by file. */
#ifndef SANDBOX_S3_HANDLERS_H
#define SANDBOX_S3_HANDLERS_H

struct s3_request;

/* s3_bucket.c */
void s3_list_buckets(struct s3_request *rq);
void s3_put_bucket(struct s3_request *rq);
void s3_head_bucket(struct s3_request *rq);
void s3_delete_bucket(struct s3_request *rq);
void s3_get_location(struct s3_request *rq);
void s3_get_versioning(struct s3_request *rq);
void s3_put_versioning(struct s3_request *rq);

/* s3_cors.c; s3_preflight answers OPTIONS, s3_add_cors_headers decorates the answer to a request
 * with an Origin. */
void s3_get_cors(struct s3_request *rq);
void s3_put_cors(struct s3_request *rq);
void s3_delete_cors(struct s3_request *rq);
void s3_preflight(struct s3_request *rq);
void s3_add_cors_headers(struct s3_request *rq);

/* s3_lifecycle.c */
void s3_get_lifecycle(struct s3_request *rq);
void s3_put_lifecycle(struct s3_request *rq);
void s3_delete_lifecycle(struct s3_request *rq);

/* s3_settings.c */
void s3_get_policy(struct s3_request *rq);
void s3_put_policy(struct s3_request *rq);
void s3_delete_policy(struct s3_request *rq);
void s3_get_logging(struct s3_request *rq);
void s3_put_logging(struct s3_request *rq);
void s3_get_website(struct s3_request *rq);
void s3_put_website(struct s3_request *rq);
void s3_delete_website(struct s3_request *rq);

/* s3_object.c, s3_read.c, s3_copy.c, s3_tagging.c */
void s3_get_object(struct s3_request *rq);
void s3_put_object(struct s3_request *rq);
void s3_copy_object(struct s3_request *rq);
void s3_copy_part(struct s3_request *rq);
void s3_delete_object(struct s3_request *rq);
void s3_delete_objects(struct s3_request *rq);
void s3_get_tagging(struct s3_request *rq);
void s3_put_tagging(struct s3_request *rq);
void s3_delete_tagging(struct s3_request *rq);

/* s3_list.c */
void s3_list_objects(struct s3_request *rq);
void s3_list_versions(struct s3_request *rq);
void s3_list_uploads(struct s3_request *rq);

/* s3_multipart.c */
void s3_begin_upload(struct s3_request *rq);
void s3_put_part(struct s3_request *rq);
void s3_list_parts(struct s3_request *rq);
void s3_complete_upload(struct s3_request *rq);
void s3_abort_upload(struct s3_request *rq);

#endif
